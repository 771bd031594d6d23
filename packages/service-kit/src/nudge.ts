/** Wakes waiters by key within one process; a hint, never the only way to learn of a change. */
export interface Nudge {
  notify(key: string): void;
  /** Resolves at the next notify of the key, after `timeoutMs`, or when the signal aborts. */
  wait(key: string, options: { timeoutMs: number; signal?: AbortSignal }): Promise<void>;
}

/** Makes a Nudge without waiters. */
export function createNudge(): Nudge {
  const waiters = new Map<string, Set<() => void>>();
  return {
    notify: (key) => {
      for (const wake of waiters.get(key) ?? []) wake();
    },
    wait: (key, { timeoutMs, signal }) =>
      new Promise((resolve) => {
        const mine = waiters.get(key) ?? new Set();
        waiters.set(key, mine);
        const wake = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", wake);
          mine.delete(wake);
          if (mine.size === 0 && waiters.get(key) === mine) waiters.delete(key);
          resolve();
        };
        const timer = setTimeout(wake, timeoutMs);
        mine.add(wake);
        signal?.addEventListener("abort", wake, { once: true });
        if (signal?.aborted === true) wake();
      }),
  };
}
