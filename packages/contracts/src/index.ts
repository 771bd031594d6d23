export * from "./catalogue.ts";
export * from "./generated/events.ts";
export { schemas } from "./generated/schemas.ts";
export { topics } from "./generated/topics.ts";
