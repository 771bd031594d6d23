import { buildEvent, useTestDatabase } from "@holdfast/testkit";
import { describe, expect, test } from "@jest/globals";
import { TransactionMisuse } from "./errors.ts";
import type { Tx } from "./transaction.ts";

const db = useTestDatabase();
const destination = { key: "cust_1", entityId: "order-1" };

describe("a transaction", () => {
  test("commits effects and events together", async () => {
    await db.clear();
    await db.database.transact(async (tx) => {
      await tx.publish("orders", "OrderPlaced", buildEvent("OrderPlaced"), destination);
      await tx.publish("orders", "OrderAccepted", buildEvent("OrderAccepted"), destination);
    });
    const published = await db.published();
    expect(published.map(({ type, entityVersion }) => [type, entityVersion])).toEqual([
      ["OrderPlaced", 1],
      ["OrderAccepted", 2],
    ]);
  });

  test("leaves nothing when its work throws", async () => {
    await db.clear();
    const work = db.database.transact(async (tx) => {
      await tx.publish("orders", "OrderPlaced", buildEvent("OrderPlaced"), destination);
      throw new Error("no");
    });
    await expect(work).rejects.toThrow("no");
    expect(await db.published()).toEqual([]);
  });

  test("cannot be used after its end", async () => {
    let escaped: Tx | undefined;
    await db.database.transact(async (tx) => {
      escaped = tx;
    });
    await expect(escaped?.query("SELECT 1")).rejects.toThrow(TransactionMisuse);
    const late = escaped?.publish("orders", "OrderPlaced", buildEvent("OrderPlaced"), destination);
    await expect(late).rejects.toThrow(TransactionMisuse);
  });
});
