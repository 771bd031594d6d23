export { accessOf } from "./access.ts";
export { buildEvent } from "./build-event.ts";
export { type BuiltMessageOptions, buildMessage } from "./build-message.ts";
export { collectSpans } from "./collect-spans.ts";
export { type CanarySearch, findCanaries } from "./facts/card-search.ts";
export { collectFacts, type FactSources } from "./facts/collect-facts.ts";
export { withDatabase } from "./facts/databases.ts";
export { handledEvents, readGroups } from "./facts/log.ts";
export { createFakeClock, type FakeClock } from "./fake-clock.ts";
export { checkInvariants, invariants, type Violation } from "./invariants/check.ts";
export type { Facts, ReplayFact, ShopFacts, SinkFact, StrikeFact } from "./invariants/facts.ts";
export { type JsonCodec, jsonCodec } from "./json-codec.ts";
export { type OtlpReceiver, type ReceiverMood, startOtlpReceiver } from "./otlp-receiver.ts";
export { crashPoints } from "./plants/crash-points.ts";
export { type Plant, plants } from "./plants/plants.ts";
export { createSequentialIds, type SequentialIds } from "./sequential-ids.ts";
export { type StackOptions, type StartedStack, startStack } from "./stack/start-stack.ts";
export {
  type ControlSignal,
  type PartName,
  partNames,
  type StackControl,
  type TestStack,
  testStack,
} from "./stack/test-stack.ts";
export { type PublishedEvent, type TestDatabase, useTestDatabase } from "./test-database.ts";
export { createTestServer, type TestServerOptions } from "./test-server.ts";
export { type WaitOptions, waitFor } from "./wait-for.ts";
