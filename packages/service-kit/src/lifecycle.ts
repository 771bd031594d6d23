import type { Logger } from "@holdfast/telemetry";
import type { Readiness } from "./readiness.ts";

/** Something that runs between start and stop. `stop` finishes work in hand and is safe to repeat. */
export interface Component {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A process made of components. */
export interface ServiceOptions {
  readonly logger: Logger;
  readonly readiness: Readiness;
  /** In the order of their start; they stop in reverse. Put the HTTP server last. */
  readonly components: readonly Component[];
  /** The whole stop must end within this, else the exit code is 1; default 20 s. */
  readonly stopTimeoutMs?: number;
}

/** Wraps two functions as a Component. */
export function component(
  name: string,
  parts: { start?: () => Promise<unknown>; stop?: () => Promise<unknown> },
): Component {
  return {
    name,
    start: async () => {
      await parts.start?.();
    },
    stop: async () => {
      await parts.stop?.();
    },
  };
}

/**
 * Starts the components in order and marks the process ready. On SIGTERM or SIGINT: unready at once,
 * components stop in reverse order, exit 0; a failure or more than `stopTimeoutMs` exits 1. A start
 * that fails stops what had started and exits 1. An uncaught error is logged and exits 1 at once:
 * the process is in an unknown state, and everything it does is safe to repeat.
 */
export async function runService(options: ServiceOptions): Promise<void> {
  const { logger, readiness, components } = options;
  const begun: Component[] = [];
  const stop = stopOnce(options, begun);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      logger.info({ signal }, "Stopping");
      void stop(0);
    });
  }
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      logger.error({ err: error, type: event }, "Uncaught error; exiting");
      process.exit(1);
    });
  }
  for (const item of components) {
    try {
      begun.push(item);
      await item.start();
    } catch (error) {
      logger.error({ err: error, name: item.name }, "Start failed");
      await stop(1);
    }
  }
  readiness.markStarted();
  logger.info({}, "Ready");
}

function stopOnce(
  options: ServiceOptions,
  begun: readonly Component[],
): (exitCode: number) => Promise<never> {
  let stopping: Promise<never> | undefined;
  return (exitCode) => (stopping ??= stopAndExit({ ...options, components: begun }, exitCode));
}

async function stopAndExit(options: ServiceOptions, exitCode: number): Promise<never> {
  const { logger, readiness, components } = options;
  readiness.markStopping();
  const limit = setTimeout(() => {
    logger.error({}, "Stopping took too long; exiting");
    process.exit(1);
  }, options.stopTimeoutMs ?? 20_000);
  const failed = await stopInReverse(components, logger);
  clearTimeout(limit);
  logger.info({}, "Stopped");
  process.exit(failed ? 1 : exitCode);
}

async function stopInReverse(components: readonly Component[], logger: Logger): Promise<boolean> {
  let failed = false;
  for (const item of components.toReversed()) {
    try {
      await item.stop();
    } catch (error) {
      failed = true;
      logger.error({ err: error, name: item.name }, "Stop failed");
    }
  }
  return failed;
}
