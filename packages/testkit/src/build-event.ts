import { createHash } from "node:crypto";
import { type EventName, type Events, schemas } from "@holdfast/contracts";

/** When built events happened unless a test says otherwise: 2026-01-01T00:00:00Z. */
const occurredAtMs = Date.UTC(2026, 0, 1);

/**
 * A valid event: every field of its schema filled in by name and type, the same in every run, with
 * the given fields in their place. Nullable fields are null, arrays hold one item.
 */
export function buildEvent<K extends EventName>(
  name: K,
  fields: Partial<Events[K]> = {},
): Events[K] {
  return { ...(buildRecord(schemas[name]) as unknown as Events[K]), ...fields };
}

interface AvroField {
  readonly name: string;
  readonly type: unknown;
}

interface AvroType {
  readonly type: unknown;
  readonly fields?: readonly AvroField[];
  readonly symbols?: readonly string[];
  readonly items?: unknown;
}

function buildRecord(schema: object): Record<string, unknown> {
  const { fields = [] } = schema as unknown as AvroType;
  return Object.fromEntries(fields.map(({ name, type }) => [name, buildValue(type, name)]));
}

function buildValue(type: unknown, field: string): unknown {
  if (Array.isArray(type)) return type.includes("null") ? null : buildValue(type[0], field);
  if (typeof type === "string") return buildPrimitive(type, field);
  const complex = type as AvroType;
  switch (complex.type) {
    case "record":
      return buildRecord(complex);
    case "enum":
      return complex.symbols?.find((symbol) => symbol !== "UNKNOWN");
    case "array":
      return [buildValue(complex.items, field)];
    case "map":
      return {};
    default:
      return buildValue(complex.type, field);
  }
}

function buildPrimitive(type: string, field: string): unknown {
  switch (type) {
    case "boolean":
      return true;
    case "int":
    case "long":
    case "float":
    case "double":
      return buildNumber(field);
    case "bytes":
      return Buffer.alloc(0);
    default:
      return buildText(field);
  }
}

function buildNumber(field: string): number {
  if (field.endsWith("At")) return occurredAtMs;
  return field.endsWith("Minor") ? 12_500 : 1;
}

const texts: Readonly<Record<string, string>> = {
  customerId: "cust_demo_001",
  merchantId: "merchant_demo_1",
  paymentMethodId: "pm_demo_001",
  cardFingerprint: "fp_v1_demo_001",
  sku: "sku_demo_1",
};

function buildText(field: string): string {
  if (/currency$/i.test(field)) return "USD";
  return texts[field] ?? (field.endsWith("Id") ? idOf(field) : field);
}

// The same field gives the same id in every event, so that events of one test belong together.
function idOf(field: string): string {
  const hex = createHash("sha256").update(field).digest("hex").slice(0, 12);
  return `00000000-0000-7000-8000-${hex}`;
}
