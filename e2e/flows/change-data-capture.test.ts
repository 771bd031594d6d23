import { describe, expect, test } from "@jest/globals";
import { findRecord } from "../support/log.ts";
import { placeOrder, registerCard, waitForStatus } from "../support/shop.ts";

interface Change {
  readonly op: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

const parse = (value: Buffer | null): Change => JSON.parse(String(value)) as Change;

describe("change data capture", () => {
  test("an order's row arrives with what it was before and after each change", async () => {
    const customerId = "cust_demo_030";
    const paymentMethodId = await registerCard(customerId);
    const orderId = await placeOrder({ customerId, paymentMethodId, sku: "SKU-MUG" });
    await waitForStatus(orderId, "confirmed");
    const ours = ({ value }: { value: Buffer | null }) => String(value).includes(orderId);
    const created = await findRecord(["cdc.public.orders"], ours);
    expect(parse(created.value)).toMatchObject({ op: "c", before: null });
    const updated = await findRecord(
      ["cdc.public.orders"],
      (record) => ours(record) && parse(record.value).op === "u",
    );
    expect(parse(updated.value).before).toMatchObject(
      parse(created.value).after as Record<string, unknown>,
    );
  });

  test("a customer's name and e-mail address never leave the database", async () => {
    const record = await findRecord(["cdc.public.customers"], () => true);
    const { after } = parse(record.value);
    expect(after).toHaveProperty("customer_id");
    expect(Object.keys(after ?? {})).not.toEqual(expect.arrayContaining(["name"]));
    expect(String(record.value)).not.toMatch(/@example\.com|Demo Customer/);
  });
});
