import type { Tx } from "@holdfast/outbox";
import {
  lockReservation,
  saveReservation,
} from "../../../services/inventory/src/store/reservations.ts";
import { lockFreeUnits, moveStock } from "../../../services/inventory/src/store/stock.ts";
import { type Contract, told } from "./contract.ts";

const orderId = "00000000-0000-7000-8000-000000000001";
const order = { orderId, customerId: "ann" };
const lines = [{ sku: "mug", quantity: 3 }];

const reserve = (tx: Tx, units: number, by = orderId) =>
  moveStock(tx, [{ sku: "mug", kind: "reserved", onHandChange: 0, reservedChange: units }], {
    orderId: by,
  });

const release = (tx: Tx, units: number) =>
  moveStock(tx, [{ sku: "mug", kind: "released", onHandChange: 0, reservedChange: -units }], {
    orderId,
  });

const free = async (tx: Tx) => [...(await lockFreeUnits(tx, ["pot", "mug"]))];

/** What inventory's own tables promise. */
export const inventoryContract: Contract = {
  seed: {
    rows: { stock: { mug: { sku: "mug", onHand: 5, reserved: 0 } } },
    sql: ["INSERT INTO stock (sku, on_hand) VALUES ('mug', 5)"],
  },
  cases: [
    {
      name: "units are reserved as long as there are any",
      ask: async (database) => [
        await database.transact(free),
        await told(() => database.transact((tx) => reserve(tx, 6))),
        await database.transact((tx) => reserve(tx, 3)),
        await told(() => database.transact((tx) => reserve(tx, 3, "another order"))),
        await database.transact(free),
      ],
      expected: [[["mug", 5]], "StockChanged", undefined, "StockChanged", [["mug", 2]]],
    },
    {
      name: "no order moves the same units twice in the same way",
      ask: async (database) => {
        await database.transact((tx) => reserve(tx, 1));
        return told(() => database.transact((tx) => reserve(tx, 1)));
      },
      expected: "23505",
    },
    {
      name: "no more is released than was reserved",
      ask: (database) => told(() => database.transact((tx) => release(tx, 1))),
      expected: "StockChanged",
    },
    {
      name: "a reservation goes from the state that it was read in, or not at all",
      ask: async (database) => {
        const [none, forestalled] = [{ status: "none" }, { status: "forestalled" }] as const;
        const reserved = { status: "reserved", lines, expiresAt: 1_000 } as const;
        const save = (
          from: typeof none | typeof reserved,
          to: typeof forestalled | typeof reserved,
        ) => told(() => database.transact((tx) => saveReservation(tx, order, { from, to })));
        return [
          await save(none, reserved),
          await database.transact((tx) => lockReservation(tx, orderId)),
          await save(none, forestalled),
          await save(reserved, forestalled),
          await save(reserved, forestalled),
          await database.transact((tx) => lockReservation(tx, orderId)),
        ];
      },
      expected: [
        undefined,
        { status: "reserved", lines, expiresAt: 1_000 },
        "ReservationChanged",
        undefined,
        "ReservationChanged",
        { status: "forestalled" },
      ],
    },
  ],
};
