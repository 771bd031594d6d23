/** The services that handle events. Each is a consumer group of its own name and may have dead letters. */
export const eventServices = [
  "order",
  "payment",
  "inventory",
  "fraud-scoring",
  "notification",
] as const;

export type EventServiceName = (typeof eventServices)[number];

/** Every service: those, and the one that sets everything up and watches it. */
export const services = [...eventServices, "operations"] as const;

export type ServiceName = (typeof services)[number];
