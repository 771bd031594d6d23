import { z } from "zod";
import { maxQuantity } from "../domain/price-order.ts";

const identifier = z.string().regex(/^[\w-]{1,64}$/, "1 to 64 letters, digits, _ or -");
const status = z.enum(["received", "processing", "under_review", "confirmed", "cancelled"]);
const currency = z.string().regex(/^[A-Z]{3}$/, "An ISO 4217 code, such as USD");
const minorUnits = z.int().min(0);

/** POST /orders. Prices are not the client's to say. */
export const orderRequest = z.strictObject({
  customerId: identifier,
  paymentMethodId: identifier,
  currency,
  items: z
    .array(
      z.strictObject({
        sku: z.string().min(1).max(64),
        quantity: z.int().min(1).max(maxQuantity),
      }),
    )
    .min(1)
    .max(100),
});

/** What POST /orders takes, parsed. */
export type OrderRequest = z.output<typeof orderRequest>;

export const orderReceived = z.object({ orderId: z.uuid(), status: z.literal("received") });

export const orderDocument = z.object({
  orderId: z.uuid(),
  status,
  totalMinor: minorUnits,
  currency,
  items: z.array(z.object({ sku: z.string(), quantity: z.int(), unitPriceMinor: minorUnits })),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export const statusEvent = z.object({
  orderId: z.uuid(),
  status,
  occurredAt: z.iso.datetime(),
});

export const productQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(500),
  cursor: z.string().max(64).default(""),
});

export const productList = z.object({
  products: z.array(
    z.object({
      sku: z.string(),
      name: z.string(),
      unitPriceMinor: minorUnits,
      currency,
      merchantId: z.string(),
    }),
  ),
  nextCursor: z.string().nullable(),
});

export const orderPath = z.strictObject({ orderId: z.string() });
