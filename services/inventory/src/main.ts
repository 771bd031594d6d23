import { openEventService, runEventService } from "@holdfast/event-service";
import { parseEnvironment } from "@holdfast/service-kit";
import manifest from "../package.json" with { type: "json" };
import { configuration } from "./config.ts";
import { wireInventory } from "./wiring.ts";

const config = parseEnvironment(configuration);
const service = await openEventService({
  name: "inventory",
  version: manifest.version,
  description: "Stock and reservations: units are set aside for an order, sold or freed",
  config,
  topics: ["orders", "stock"],
  outbox: true,
});
await runEventService(service, wireInventory(service, config));
