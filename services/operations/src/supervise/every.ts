import type { Component } from "@holdfast/service-kit";
import type { Logger } from "@holdfast/telemetry";

export interface EveryOptions {
  readonly name: string;
  readonly intervalMs: number;
  readonly logger: Logger;
}

/**
 * A component that runs `tick` again and again, `intervalMs` after the last one ended. A tick that
 * fails is logged once per outage. `stop` waits for the tick in hand.
 */
export function every(tick: () => Promise<void>, options: EveryOptions): Component {
  const { name, intervalMs, logger } = options;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> = Promise.resolve();
  let stopped = false;
  let failing = false;

  const run = async (): Promise<void> => {
    try {
      await tick();
      if (failing) logger.info({ step: name }, "A periodic job works again");
      failing = false;
    } catch (error) {
      if (!failing) logger.warn({ step: name, err: error }, "A periodic job failed");
      failing = true;
    }
    if (!stopped) schedule();
  };
  const schedule = (): void => {
    timer = setTimeout(() => {
      current = run();
    }, intervalMs);
  };

  return {
    name,
    start: async () => schedule(),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await current;
    },
  };
}
