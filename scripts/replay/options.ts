import { parseArgs } from "node:util";
import { Misuse, positive } from "../command/run-command.ts";

export const HELP = `Scores transactions of a file with topics, consumer group and database of their own.

  npm run replay -- --input FILE [options]

  --input FILE        JSONL or CSV with a header line; .gz is unpacked
  --rate N            N transactions a second
  --speed 60x         as they happened, 60 times as fast
  --max               as fast as possible (default)
  --limit N           the first N rows only
  --rules FOLDER      the rule pack; default rules/
  --json              the report as JSON
  --keep              leaves topics and database for a closer look, and names them

What the columns are called and mean; fields are transactionId, occurredAt, cardFingerprint,
customerId, merchantId, amountMinor, currency:
  --columns cardFingerprint=CARD,occurredAt=TX_TIME   field=column, the rest as named above
  --time-unit iso|ms|s        default iso; ms and s count from --time-origin
  --time-origin 2018-04-01    default 1970-01-01
  --amount-unit minor|major   default minor; major is a decimal such as 57.16
  --currency USD              for files without such a column
Without them customerId is the card, and merchantId "unknown".
`;

export const FIELDS = [
  "transactionId",
  "occurredAt",
  "cardFingerprint",
  "customerId",
  "merchantId",
  "amountMinor",
  "currency",
] as const;

export type Field = (typeof FIELDS)[number];

/** How fast transactions are published. */
export type Pace =
  | { readonly kind: "max" }
  | { readonly kind: "rate"; readonly perSecond: number }
  | { readonly kind: "speed"; readonly factor: number };

/** How a file's columns become transactions. */
export interface Mapping {
  readonly columns: ReadonlyMap<Field, string>;
  readonly timeUnit: "iso" | "ms" | "s";
  readonly timeOriginMs: number;
  readonly amountUnit: "minor" | "major";
  readonly currency: string;
}

export interface ReplayOptions {
  readonly input: string;
  readonly pace: Pace;
  readonly limit: number;
  readonly rules: string;
  readonly mapping: Mapping;
  readonly json: boolean;
  readonly keep: boolean;
}

/** Undefined when help was asked for; throws with one sentence on anything that cannot be meant. */
export function parseOptions(args: string[]): ReplayOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      input: { type: "string" },
      rate: { type: "string" },
      speed: { type: "string" },
      max: { type: "boolean" },
      limit: { type: "string", default: "Infinity" },
      rules: { type: "string", default: "rules" },
      columns: { type: "string", default: "" },
      "time-unit": { type: "string", default: "iso" },
      "time-origin": { type: "string", default: "1970-01-01" },
      "amount-unit": { type: "string", default: "minor" },
      currency: { type: "string", default: "USD" },
      json: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  if (values.input === undefined) throw new Misuse("--input FILE is missing");
  return {
    input: values.input,
    pace: parsePace(values),
    limit: positive("limit", values.limit),
    rules: values.rules,
    mapping: {
      columns: parseColumns(values.columns),
      timeUnit: oneOf("--time-unit", values["time-unit"], ["iso", "ms", "s"]),
      timeOriginMs: instant("--time-origin", values["time-origin"]),
      amountUnit: oneOf("--amount-unit", values["amount-unit"], ["minor", "major"]),
      currency: values.currency,
    },
    json: values.json,
    keep: values.keep,
  };
}

function parsePace(values: {
  rate?: string | undefined;
  speed?: string | undefined;
  max?: boolean | undefined;
}): Pace {
  const given = [values.rate, values.speed, values.max].filter((value) => value !== undefined);
  if (given.length > 1) throw new Misuse("--rate, --speed and --max exclude each other");
  if (values.rate !== undefined) {
    return { kind: "rate", perSecond: positive("rate", values.rate) };
  }
  if (values.speed !== undefined) {
    return { kind: "speed", factor: positive("speed", values.speed.replace(/x$/, "")) };
  }
  return { kind: "max" };
}

function parseColumns(text: string): Map<Field, string> {
  const columns = new Map<Field, string>(FIELDS.map((field) => [field, field]));
  for (const pair of text.split(",").filter((part) => part !== "")) {
    const [field = "", column = ""] = pair.split("=");
    columns.set(oneOf("--columns", field, FIELDS), column);
  }
  return columns;
}

function instant(option: string, text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new Misuse(`${option} takes a date such as 2018-04-01`);
  return at;
}

function oneOf<const T extends string>(option: string, text: string, known: readonly T[]): T {
  const found = known.find((one) => one === text);
  if (found === undefined) throw new Misuse(`${option} takes ${known.join(", ")}`);
  return found;
}
