import { eventServiceVariables } from "@holdfast/event-service";
import { variable } from "@holdfast/service-kit";
import { z } from "zod";

const hourMs = 60 * 60 * 1000;

/** The environment of the inventory service. */
export const configuration = z.object({
  ...eventServiceVariables,
  /** How long units stay set aside for an order that nobody accepts; must outlive payment's hold. */
  RESERVATION_EXPIRY_MS: variable.durationMs().default(25 * hourMs),
});

export type Configuration = z.output<typeof configuration>;
