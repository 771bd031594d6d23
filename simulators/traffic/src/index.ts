export { trafficCommand } from "./command.ts";
export { runOpenLoop, type Sent } from "./open-loop.ts";
export type { SuiteAddresses } from "./options.ts";
export { type Summary, summarise } from "./percentiles.ts";
export { createRandom, type Random } from "./random.ts";
export { type TestCard, testCard } from "./test-card.ts";
