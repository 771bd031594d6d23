import type { TopicName } from "@holdfast/contracts";

/** Which topics each consumer group reads: what dead-letter topics exist, and whose lag is watched. */
export const consumerGroups: Readonly<Record<string, readonly TopicName[]>> = {
  order: ["payments", "stock"],
  payment: ["orders", "fraud-decisions"],
  inventory: ["orders"],
  "fraud-scoring": ["card-activity"],
  notification: ["orders", "payments", "fraud-alerts"],
};
