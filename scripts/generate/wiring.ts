import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The events of one topic that one consumer group handles. */
export interface Consumption {
  readonly service: string;
  readonly topic: string;
  readonly events: readonly string[];
}

const ROUTE = /\bon(?:<[^>]*>)?\(\s*"([a-z-]+)",\s*\{/g;
const EVENT = /(?:^|[\s{,])([A-Z]\w+):\s*on[A-Z]/g;

/** The routes `on("topic", { Event: handler })` of a service's wiring.ts. */
export function consumptionsOf(service: string, wiring: string): Consumption[] {
  return [...wiring.matchAll(ROUTE)].map((route) => {
    const handlers = untilClosed(wiring.slice(route.index + route[0].length));
    return {
      service,
      topic: route[1] ?? "",
      events: [...handlers.matchAll(EVENT)].map(([, event = ""]) => event),
    };
  });
}

/** The text before the brace that closes what was opened before it. */
function untilClosed(text: string): string {
  let depth = 1;
  const end = [...text].findIndex((character) => {
    if (character === "{") depth += 1;
    if (character === "}") depth -= 1;
    return depth === 0;
  });
  return end === -1 ? text : text.slice(0, end);
}

/** The scorer reads its topic as a state machine, not by routes: every event of it concerns it. */
const SCORER = { service: "fraud-scoring", topic: "card-activity" };

/** Who handles which events of the topics, the scorer included. */
export function readConsumptions(
  root: string,
  topics: readonly { readonly name: string; readonly events: readonly string[] }[],
): Consumption[] {
  const scored = topics.filter(({ name }) => name === SCORER.topic);
  return [...readWiring(root), ...scored.map(({ events }) => ({ ...SCORER, events }))];
}

/** Who handles which events, from every services/<name>/src/wiring.ts, by service. */
export function readWiring(root: string): Consumption[] {
  const services = readdirSync(join(root, "services"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  return services.flatMap((service) => {
    const file = join(root, "services", service, "src/wiring.ts");
    return consumptionsOf(service, readFileSync(file, "utf8"));
  });
}
