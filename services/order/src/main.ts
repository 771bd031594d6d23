import { openEventService, runEventService } from "@holdfast/event-service";
import { parseEnvironment } from "@holdfast/service-kit";
import manifest from "../package.json" with { type: "json" };
import { configuration } from "./config.ts";
import { wireOrder } from "./wiring.ts";

const config = parseEnvironment(configuration);
const service = await openEventService({
  name: "order",
  version: manifest.version,
  description: "Takes orders and alone decides whether they are accepted, confirmed or cancelled.",
  config,
  topics: ["orders", "payments", "stock"],
  outbox: true,
});
await runEventService(service, wireOrder(service, config));
