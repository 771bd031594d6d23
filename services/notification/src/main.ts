import { openEventService, runEventService } from "@holdfast/event-service";
import { parseEnvironment } from "@holdfast/service-kit";
import manifest from "../package.json" with { type: "json" };
import { configuration } from "./config.ts";
import { wireNotification } from "./wiring.ts";

const config = parseEnvironment(configuration);
const service = await openEventService({
  name: "notification",
  version: manifest.version,
  description: "Tells customers and analysts what happened, once per event, audience and channel",
  config,
  topics: ["orders", "payments", "fraud-alerts"],
  outbox: false,
});
await runEventService(service, wireNotification(service, config));
