import { eventServiceVariables } from "@holdfast/event-service";
import { variable } from "@holdfast/service-kit";
import { z } from "zod";

/** The channels that can be configured; a new one is a file in sinks/ and a case in create-sinks.ts. */
const channels = ["log", "smtp", "webhook"] as const;

/** The name of a configurable channel. */
export type ChannelName = (typeof channels)[number];

/** The environment of the notification service. */
export const configuration = z.object({
  ...eventServiceVariables,
  /** Where messages go: one channel, or several with commas between. */
  NOTIFICATION_SINK: variable
    .list()
    .pipe(z.array(z.enum(channels)))
    .default(["log"]),
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  SMTP_FROM: variable.text().optional(),
  SMTP_ANALYSTS_TO: variable.text().optional(),
  /** `{customerId}` in it is replaced. */
  SMTP_CUSTOMERS_TO: variable.text().optional(),
  WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional(),
  WEBHOOK_SECRET: z.string().min(32).optional(),
  /** For a receiver in one's own network: http and private addresses are allowed. */
  WEBHOOK_ALLOW_PRIVATE: z.stringbool().default(false),
});

export type Configuration = z.output<typeof configuration>;
