import { ConfigurationError } from "@holdfast/service-kit";
import type { Logger } from "@holdfast/telemetry";
import type { ChannelName, Configuration } from "../config.ts";
import { createLogSink } from "./log-sink.ts";
import type { Sink } from "./sink.ts";
import { createSmtpSink } from "./smtp-sink.ts";
import { createWebhookSink } from "./webhook-sink.ts";

/** What sinks are made with. */
export interface SinkSurroundings {
  readonly logger: Logger;
  readonly clock: { now(): number };
}

/** The settings without which a channel cannot be. */
const needs = {
  log: [],
  smtp: ["SMTP_URL", "SMTP_FROM", "SMTP_ANALYSTS_TO", "SMTP_CUSTOMERS_TO"],
  webhook: ["WEBHOOK_URL", "WEBHOOK_SECRET"],
} as const satisfies Record<ChannelName, readonly (keyof Configuration)[]>;

const create: Readonly<
  Record<ChannelName, (config: Configuration, surroundings: SinkSurroundings) => Sink>
> = {
  log: (_config, { logger }) => createLogSink(logger),
  smtp: (config) =>
    createSmtpSink({
      url: config.SMTP_URL ?? "",
      from: config.SMTP_FROM ?? "",
      analystsTo: config.SMTP_ANALYSTS_TO ?? "",
      customersTo: config.SMTP_CUSTOMERS_TO ?? "",
    }),
  webhook: (config, { clock }) =>
    createWebhookSink({
      url: config.WEBHOOK_URL ?? "",
      secret: config.WEBHOOK_SECRET ?? "",
      allowPrivate: config.WEBHOOK_ALLOW_PRIVATE,
      clock,
    }),
};

/** One sink per configured channel. Throws ConfigurationError naming every setting that one lacks. */
export function createSinks(
  config: Configuration,
  surroundings: SinkSurroundings,
): readonly Sink[] {
  const channels = [...new Set(config.NOTIFICATION_SINK)];
  const problems = channels.flatMap((channel) =>
    needs[channel]
      .filter((name) => config[name] === undefined)
      .map((name) => `${name} is missing; the ${channel} sink needs it`),
  );
  if (problems.length > 0) throw new ConfigurationError(problems);
  return channels.map((channel) => create[channel](config, surroundings));
}
