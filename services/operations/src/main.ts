import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createReadiness, parseEnvironment, runService, systemClock } from "@holdfast/service-kit";
import { createLogger } from "@holdfast/telemetry";
import { environment } from "./config.ts";
import { components } from "./wiring.ts";

const config = parseEnvironment(environment);
const logger = createLogger({ service: "operations", level: config.LOG_LEVEL });
const readiness = createReadiness();

await runService({
  logger,
  readiness,
  components: components({
    config,
    logger,
    clock: systemClock,
    readiness,
    pause: async (ms) => {
      await pause(ms);
    },
    root: join(import.meta.dirname, "../../.."),
  }),
});
