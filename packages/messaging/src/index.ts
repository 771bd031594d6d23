export type { AccessRule } from "./access.ts";
export { type AssignedPartition, delay } from "./assigned-partition.ts";
export * from "./change-capture.ts";
export { type Codec, type CodecOptions, createCodec, type DecodedEvent } from "./codec.ts";
export * from "./codec-errors.ts";
export * from "./dead-letter.ts";
export { compose, type Delivery, type DeliveryContext, type Middleware } from "./delivery.ts";
export * from "./errors.ts";
export { createKafka, type KafkaClient, type KafkaLogin, type KafkaOptions } from "./kafka.ts";
export * from "./kafka-security.ts";
export * from "./late.ts";
export * from "./message.ts";
export * from "./middleware/dead-letter.ts";
export * from "./middleware/decode.ts";
export * from "./middleware/metrics.ts";
export * from "./middleware/retry.ts";
export * from "./middleware/timeout.ts";
export * from "./middleware/trace.ts";
export {
  type ConsumerHealth,
  type ConsumerLimits,
  createPartitionProcessor,
  type PartitionProcessor,
  type PartitionProcessorOptions,
} from "./partition-processor.ts";
export * from "./producer.ts";
export { type IncomingRecord, offsetAfter, type RawHeaders } from "./record.ts";
export * from "./registry.ts";
export * from "./route.ts";
export { createRouter, type Router, type RouterOptions } from "./router.ts";
export * from "./ruleset-activation.ts";
export * from "./schema-deployment.ts";
export { type TailOptions, tail } from "./tail.ts";
export * from "./topic-admin.ts";
export { countQuality } from "./topic-quality.ts";
export { partitionOfKey } from "./wire/murmur2.ts";
