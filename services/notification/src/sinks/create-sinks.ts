import type { Logger } from "@holdfast/telemetry";
import { createLogSink } from "./log-sink.ts";
import type { Sink } from "./sink.ts";

/** The channels that can be configured; a new one is a file of its own and a line here. */
export const channels = ["log"] as const;

/** The name of a configurable channel. */
export type Channel = (typeof channels)[number];

const create: Readonly<Record<Channel, (logger: Logger) => Sink>> = { log: createLogSink };

/** One sink per configured channel. */
export function createSinks(configured: readonly Channel[], logger: Logger): readonly Sink[] {
  return [...new Set(configured)].map((channel) => create[channel](logger));
}
