/** The outcome of one readiness check. */
export interface CheckReport {
  readonly ok: boolean;
  readonly detail?: string;
}

/** What /readyz answers. */
export interface ReadinessReport {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, CheckReport>>;
}

/** Returns or resolves when all is well (a string is shown as detail); throws or rejects otherwise. */
export type Check = () => unknown;

/** The checks of one process. Unready until started and from the beginning of the stop. */
export interface Readiness {
  add(name: string, check: Check): void;
  /** Called by runService once everything has started. */
  markStarted(): void;
  /** Called by runService when the process begins to stop; there is no way back. */
  markStopping(): void;
  /** Runs all checks at once, each for two seconds at most; never rejects. */
  report(): Promise<ReadinessReport>;
}

const checkLimitMs = 2_000;

/** Makes an empty registry. */
export function createReadiness(): Readiness {
  const checks = new Map<string, Check>();
  let phase: "starting" | "running" | "stopping" = "starting";
  return {
    add: (name, check) => {
      checks.set(name, check);
    },
    markStarted: () => {
      if (phase === "starting") phase = "running";
    },
    markStopping: () => {
      phase = "stopping";
    },
    report: async () => {
      const entries = await Promise.all(
        [...checks].map(async ([name, check]) => [name, await runCheck(check)] as const),
      );
      const lifecycle: CheckReport = { ok: phase === "running", detail: phase };
      const all = { lifecycle, ...Object.fromEntries(entries) };
      return { ready: Object.values(all).every(({ ok }) => ok), checks: all };
    },
  };
}

async function runCheck(check: Check): Promise<CheckReport> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${checkLimitMs} ms`)), checkLimitMs);
  });
  try {
    const detail = await Promise.race([check(), limit]);
    return typeof detail === "string" ? { ok: true, detail } : { ok: true };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
