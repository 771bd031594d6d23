import { openEventService, runEventService } from "@holdfast/event-service";
import manifest from "../package.json" with { type: "json" };
import { readConfig } from "./config.ts";
import { wireScorer } from "./wiring.ts";

const config = readConfig();
const service = await openEventService({
  name: "fraud-scoring",
  version: manifest.version,
  description: "Scores payments by rules over keyed state.",
  config,
  topics: ["card-activity", "fraud-decisions", "fraud-alerts"],
  outbox: false,
  maxConnections: 24,
  // A decision names every rule and its values, most of them the same every time.
  compression: "zstd",
});
await runEventService(service, wireScorer(service, config));
