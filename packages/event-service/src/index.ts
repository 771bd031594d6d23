export { type Consumer, type ConsumerOptions, createConsumer } from "./consumer.ts";
export {
  type EventService,
  type EventServiceConfig,
  type EventServiceOptions,
  eventServiceVariables,
  openEventService,
} from "./open.ts";
export { runEventService, type Wiring } from "./run.ts";
