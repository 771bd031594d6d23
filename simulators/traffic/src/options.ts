import { parseArgs } from "node:util";
import { z } from "zod";

/** Where the parts of a running suite are. */
export interface SuiteAddresses {
  readonly orderUrl: string;
  readonly paymentUrl: string;
  readonly inventoryUrl: string;
  /** host:port of at least one broker. */
  readonly kafkaBrokers: readonly string[];
  readonly schemaRegistryUrl: string;
}

/** What one run is to do. */
export interface TrafficOptions extends SuiteAddresses {
  readonly rate: number;
  readonly minutes: number;
  readonly seed: string;
  readonly apiKey: string;
  readonly maxOutstanding: number;
  readonly settleSeconds: number;
  readonly watchAlerts: boolean;
  readonly json: boolean;
}

/** The command line was not understood; the message says what and how it is meant. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What --help prints. */
export const usage = `Sends ordinary customers and planted fraud through the HTTP API, and reports what came of it.

  npm run traffic -- [--rate N] [--minutes N] [--seed N] [options]

  --rate N             orders per second, on average (5)
  --minutes N          how long (1)
  --seed TEXT          equal seeds send equal orders at equal times (random, printed)
  --json               print the report as JSON
  --max-outstanding N  requests in the air at most; the next waits, and its wait counts (200)
  --settle SECONDS     how long to wait at the end for orders to come to rest (20)
  --no-alerts          do not read fraud-alerts from Kafka
  --api-key KEY        a key of scope customer for all customers (demo-shop; HOLDFAST_API_KEY)
  --order-url URL      (ORDER_URL)            --payment-url URL    (PAYMENT_URL)
  --inventory-url URL  (INVENTORY_URL)        --kafka HOST:PORT,…  (KAFKA_BROKERS)
  --registry URL       (SCHEMA_REGISTRY_URL)

Without addresses it talks to the running demo. Stories: velocity (four or more orders above 100.00
within a minute), card-testing (small probes, then a large order), amount-spike (a dear order on a
card used for small ones). Exit code 0 when every order was accepted and came to rest, else 1.
`;

const numbers = {
  rate: z.coerce.number().min(0.1).max(1_000),
  minutes: z.coerce
    .number()
    .min(0.05)
    .max(24 * 60),
  "max-outstanding": z.coerce.number().int().min(1).max(5_000),
  settle: z.coerce.number().min(0).max(3_600),
};

/** What holds where the command line says nothing. */
export interface Defaults extends SuiteAddresses {
  readonly seed: string;
  readonly apiKey: string;
}

/** Parses the command line; undefined when help is wanted. Throws UsageError. */
export function parseOptions(
  args: readonly string[],
  defaults: Defaults,
): TrafficOptions | undefined {
  const given = readFlags(args);
  if (given.help === true) return undefined;
  const number = (name: keyof typeof numbers, fallback: number): number => {
    const parsed = numbers[name].safeParse(given[name] ?? fallback);
    if (parsed.success) return parsed.data;
    throw new UsageError(`--${name}: ${parsed.error.issues[0]?.message ?? "not a number"}`);
  };
  return {
    rate: number("rate", 5),
    minutes: number("minutes", 1),
    seed: given.seed ?? defaults.seed,
    apiKey: given["api-key"] ?? defaults.apiKey,
    maxOutstanding: number("max-outstanding", 200),
    settleSeconds: number("settle", 20),
    watchAlerts: given["no-alerts"] !== true,
    json: given.json === true,
    orderUrl: given["order-url"] ?? defaults.orderUrl,
    paymentUrl: given["payment-url"] ?? defaults.paymentUrl,
    inventoryUrl: given["inventory-url"] ?? defaults.inventoryUrl,
    kafkaBrokers: given.kafka?.split(",") ?? defaults.kafkaBrokers,
    schemaRegistryUrl: given.registry ?? defaults.schemaRegistryUrl,
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rate: { type: "string" },
        minutes: { type: "string" },
        seed: { type: "string" },
        json: { type: "boolean" },
        "max-outstanding": { type: "string" },
        settle: { type: "string" },
        "no-alerts": { type: "boolean" },
        "api-key": { type: "string" },
        "order-url": { type: "string" },
        "payment-url": { type: "string" },
        "inventory-url": { type: "string" },
        kafka: { type: "string" },
        registry: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
