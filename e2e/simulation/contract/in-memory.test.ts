import { describe, expect, test } from "@jest/globals";
import { statements } from "../suite.ts";
import { inMemory } from "./in-memory.ts";
import { inventoryContract } from "./inventory.ts";
import { orderContract } from "./order.ts";
import { outboxCases } from "./outbox.ts";
import { paymentContract } from "./payment.ts";

const contracts = [
  ["order", orderContract],
  ["payment", paymentContract],
  ["inventory", inventoryContract],
] as const;

describe.each(contracts)("in memory, %s's store keeps its contract", (service, contract) => {
  test.each([...outboxCases, ...contract.cases])("$name", async ({ ask, expected }) => {
    expect(await inMemory(statements[service], contract.seed, ask)).toEqual(expected);
  });
});
