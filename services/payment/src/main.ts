import { openEventService, runEventService } from "@holdfast/event-service";
import { parseEnvironment } from "@holdfast/service-kit";
import manifest from "../package.json" with { type: "json" };
import { configuration } from "./config.ts";
import { wirePayment } from "./wiring.ts";

const config = parseEnvironment(configuration);
const service = await openEventService({
  name: "payment",
  version: manifest.version,
  description: "Keeps cards, and holds money until a verdict says whether it may move.",
  config,
  topics: ["orders", "payments", "card-activity", "fraud-decisions"],
  outbox: true,
  maxConnections: 20,
});
await runEventService(service, wirePayment(service, config));
