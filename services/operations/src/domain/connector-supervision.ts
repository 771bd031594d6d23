/** A task of a connector, as Kafka Connect reports it. */
export interface TaskStatus {
  readonly connector: string;
  /** Undefined for the connector itself, which can fail apart from its tasks. */
  readonly task: number | undefined;
  readonly state: string;
}

/** How eagerly failed tasks are restarted. All times in milliseconds. */
export interface RestartPolicy {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** At most this many restarts of one task within windowMs. */
  readonly maxRestarts: number;
  readonly windowMs: number;
  /** A task that ran this long without failing is forgiven. */
  readonly stableMs: number;
}

/** What is remembered of one task that has failed. Plain data; times in milliseconds. */
export interface RestartHistory {
  readonly restartedAt: readonly number[];
  readonly runningSince: number | undefined;
}

export type SupervisionDecision =
  | { readonly kind: "leave"; readonly history: RestartHistory }
  | { readonly kind: "wait"; readonly untilMs: number; readonly history: RestartHistory }
  | { readonly kind: "give-up"; readonly untilMs: number; readonly history: RestartHistory }
  | { readonly kind: "restart"; readonly history: RestartHistory };

export const defaultRestartPolicy: RestartPolicy = {
  firstDelayMs: 1_000,
  maxDelayMs: 15_000,
  maxRestarts: 40,
  windowMs: 600_000,
  stableMs: 60_000,
};

export const noHistory: RestartHistory = { restartedAt: [], runningSince: undefined };

/** Names a task in logs, metrics and the supervisor's memory. */
export const taskKey = ({ connector, task }: TaskStatus): string =>
  task === undefined ? connector : `${connector}/${task}`;

function afterRunning(history: RestartHistory, now: number, stableMs: number): RestartHistory {
  const runningSince = history.runningSince ?? now;
  return now - runningSince >= stableMs
    ? { restartedAt: [], runningSince }
    : { ...history, runningSince };
}

/**
 * Decides what to do about one task: leave it, restart it, wait out the back-off, or give up until the
 * window frees. The delay doubles with each restart in the window. The caller restarts only on
 * "restart", and keeps the returned history in every case.
 */
export function superviseTask(
  status: TaskStatus,
  history: RestartHistory,
  { now, policy }: { readonly now: number; readonly policy: RestartPolicy },
): SupervisionDecision {
  if (status.state !== "FAILED") {
    const isRunning = status.state === "RUNNING";
    const next = isRunning
      ? afterRunning(history, now, policy.stableMs)
      : { ...history, runningSince: undefined };
    return { kind: "leave", history: next };
  }
  const restartedAt = history.restartedAt.filter((at) => at > now - policy.windowMs);
  const failed: RestartHistory = { restartedAt, runningSince: undefined };
  const [oldest] = restartedAt;
  if (oldest !== undefined && restartedAt.length >= policy.maxRestarts) {
    return { kind: "give-up", untilMs: oldest + policy.windowMs, history: failed };
  }
  const last = restartedAt.at(-1);
  const delayMs = Math.min(
    policy.firstDelayMs * 2 ** Math.max(0, restartedAt.length - 1),
    policy.maxDelayMs,
  );
  if (last !== undefined && now < last + delayMs) {
    return { kind: "wait", untilMs: last + delayMs, history: failed };
  }
  return {
    kind: "restart",
    history: { restartedAt: [...restartedAt, now], runningSince: undefined },
  };
}
