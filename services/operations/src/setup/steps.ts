import type { Clock } from "@holdfast/service-kit";
import type { Logger } from "@holdfast/telemetry";

/** One part of the set-up. `run` is idempotent: it is repeated until it succeeds or time is up. */
export interface Step {
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

/** Where a step stands, as /status and /readyz show it. */
export interface StepReport {
  readonly name: string;
  readonly state: "waiting" | "running" | "done" | "failed";
  readonly attempts: number;
  readonly error?: string;
}

export interface SetupOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long one step may fail before the set-up gives up. */
  readonly stepLimitMs: number;
  readonly retryDelayMs: number;
  readonly pause: (ms: number) => Promise<void>;
}

/** The set-up of the whole suite. */
export interface Setup {
  /** Runs the steps in order. Rejects with the error of the step that ran out of time. */
  run(): Promise<void>;
  report(): readonly StepReport[];
}

/** Parts that are still starting are no news; what fails for longer is. */
const QUIET_ATTEMPTS = 5;

const messageOf = (error: unknown): string =>
  error instanceof Error && error.message !== "" ? error.message : String(error);

/**
 * Steps fail while the parts that they need are still starting, so each is tried until its limit.
 * A set-up that was interrupted is completed by running it again.
 */
export function createSetup(steps: readonly Step[], options: SetupOptions): Setup {
  const { clock, logger } = options;
  const reports = new Map<string, StepReport>(
    steps.map(({ name }) => [name, { name, state: "waiting", attempts: 0 }]),
  );

  const attempt = async (step: Step, attempts: number): Promise<unknown> => {
    reports.set(step.name, { name: step.name, state: "running", attempts });
    try {
      await step.run();
      reports.set(step.name, { name: step.name, state: "done", attempts });
      return undefined;
    } catch (error) {
      reports.set(step.name, {
        name: step.name,
        state: "failed",
        attempts,
        error: messageOf(error),
      });
      return error ?? new Error("the step failed without an error");
    }
  };

  const complete = async (step: Step): Promise<void> => {
    const startedAt = clock.now();
    for (let attempts = 1; ; attempts += 1) {
      const error = await attempt(step, attempts);
      const durationMs = clock.now() - startedAt;
      if (error === undefined) {
        logger.info({ step: step.name, durationMs, attempts }, "A set-up step is done");
        return;
      }
      if (durationMs >= options.stepLimitMs) throw error;
      if (attempts === QUIET_ATTEMPTS) {
        logger.warn({ step: step.name, attempts, err: error }, "A set-up step is still failing");
      }
      await options.pause(options.retryDelayMs);
    }
  };

  return {
    async run() {
      for (const step of steps) await complete(step);
    },
    report: () => [...reports.values()],
  };
}
