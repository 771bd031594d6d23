import { redactText } from "@holdfast/telemetry";
import { z } from "zod";

/**
 * What a person writes in words, 1 to 500 characters. Card numbers and e-mail addresses in it are
 * replaced before anything sees it: people do paste them.
 */
export function freeText() {
  return z
    .string()
    .trim()
    .min(1)
    .max(500)
    .transform(redactText)
    .meta({ description: "Card numbers and e-mail addresses in it are replaced" });
}
