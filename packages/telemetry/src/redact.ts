import { logFields } from "./generated/names.ts";

const allowed: ReadonlySet<string> = new Set(logFields);
const redacted = "[redacted]";
const maxDepth = 6;
const maxItems = 50;
const maxLength = 4_000;

/**
 * A copy of `fields` in which only values under allowed names are left, at every depth, and in
 * which no string holds a card number or an e-mail address. Bounded in depth, items and length;
 * never throws on cycles.
 */
export function redactFields(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  const entries = Object.entries(fields).map(([key, value]) => [
    key,
    allowed.has(key) ? redactValue(value, depth + 1) : redacted,
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (depth > maxDepth) return redacted;
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return redacted;
  if (Array.isArray(value)) {
    return value.slice(0, maxItems).map((item) => redactValue(item, depth + 1));
  }
  return redactFields(value as Record<string, unknown>, depth);
}

const alreadyTold: ReadonlySet<string> = new Set(["name", "message", "stack", "cause"]);

/** Errors keep their class, message, stack and what the allow-list names (code, constraint, …). */
function redactError(error: Error, depth: number): Record<string, unknown> {
  const own = Object.fromEntries(
    Object.entries(error).filter(([key]) => allowed.has(key) && !alreadyTold.has(key)),
  );
  return {
    type: error.name,
    message: redactText(error.message),
    stack: redactText(error.stack ?? ""),
    ...(error.cause !== undefined && { cause: redactValue(error.cause, depth + 1) }),
    ...redactFields(own, depth),
  };
}

const digits = /(?<![\w.-])[2-6]\d(?:[ -]?\d){10,17}(?![\w.-])/g;
const email = /[^\s@<>"'=:]+@[^\s@<>"'/]+\.[a-z]{2,}/gi;

/** What every text that is worth a closer look has: twelve digits, an @ or a code's name. */
const suspicious = /\d(?:[ -]?\d){11}|@|cv[cvn]|security code/i;

const securityCode = /\b(?:cv[cvn]2?|security code)\W{0,8}\d{3,4}\b/gi;

/**
 * `text` without card numbers (12 to 19 digits that pass the Luhn test), security codes that are
 * called so, and e-mail addresses.
 */
export function redactText(text: string): string {
  const short = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  if (!suspicious.test(short)) return short;
  return short
    .replace(digits, (match) => (passesLuhn(match.replace(/\D/g, "")) ? redacted : match))
    .replace(securityCode, redacted)
    .replace(email, redacted);
}

// Lengths by the first digits, as the schemes publish them: narrower than what is redacted, so that
// numeric ids of clients are not taken for cards.
const cardForm = /^(?:4\d{12}|3[0689]\d{12}|3[47]\d{13}|[2-6]\d{15}|[46]\d{18})$/;

/** Whether `text` holds a card number in one of the forms that people write. */
export function holdsCardNumber(text: string): boolean {
  return Array.from(text.matchAll(digits), ([match]) => match.replace(/\D/g, "")).some(
    (number) => cardForm.test(number) && passesLuhn(number),
  );
}

function passesLuhn(number: string): boolean {
  let sum = 0;
  for (let index = 0; index < number.length; index++) {
    const digit = Number(number[number.length - 1 - index]);
    const doubled = index % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
