import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { movementsOf } from "./movements.ts";
import {
  decide,
  evolve,
  type FreeUnits,
  IllegalTransition,
  type Reservation,
  type ReservationCommand,
  type ReservationEvent,
  UnitsGone,
} from "./reservation.ts";

const none: Reservation = { status: "none" };
const lines = [
  { sku: "CUP", quantity: 2 },
  { sku: "TEA", quantity: 1 },
];
const plenty: FreeUnits = new Map([
  ["CUP", 10],
  ["TEA", 10],
]);
const reserve: ReservationCommand = { type: "Reserve", lines, expiresAt: 1_000 };
const reserved: ReservationEvent = { type: "StockReserved", lines, expiresAt: 1_000 };
const promised: ReservationEvent = { type: "ReservationPromised" };
const committed: ReservationEvent = { type: "StockCommitted", lines };
const forestalled: ReservationEvent = { type: "ReservationForestalled" };
const cancelled: ReservationEvent = { type: "StockReleased", lines, reason: "ORDER_CANCELLED" };
const expired: ReservationEvent = { type: "StockReleased", lines, reason: "EXPIRED" };
const short: ReservationEvent = {
  type: "StockRejected",
  reason: "INSUFFICIENT_STOCK",
  skus: ["CUP"],
};

function given(...events: ReservationEvent[]) {
  const reservation = events.reduce(evolve, none);
  return {
    when: (command: ReservationCommand, free: FreeUnits = plenty) => ({
      thenExpect: (...expected: ReservationEvent[]) => {
        const event = decide(reservation, command, free);
        expect(event === undefined ? [] : [event]).toEqual(expected);
      },
      thenRefused: (error: typeof IllegalTransition | typeof UnitsGone) =>
        expect(() => decide(reservation, command, free)).toThrow(error),
    }),
  };
}

describe("reserving", () => {
  test("sets all lines aside", () => {
    given().when(reserve).thenExpect(reserved);
  });

  test("sets nothing aside when one line is short, and names the short ones", () => {
    const free = new Map([
      ["CUP", 1],
      ["TEA", 5],
    ]);
    given().when(reserve, free).thenExpect(short);
  });

  test("sets nothing aside when a product is unknown", () => {
    given()
      .when(reserve, new Map([["CUP", 0]]))
      .thenExpect({ type: "StockRejected", reason: "UNKNOWN_SKU", skus: ["TEA"] });
  });

  test("takes the last units", () => {
    const free = new Map([
      ["CUP", 2],
      ["TEA", 1],
    ]);
    given().when(reserve, free).thenExpect(reserved);
  });

  test("is refused to an order that was cancelled before", () => {
    given(forestalled)
      .when(reserve)
      .thenExpect({ type: "StockRejected", reason: "ORDER_CANCELLED", skus: ["CUP", "TEA"] });
  });

  test.each([
    ["reserved", [reserved]],
    ["rejected", [short]],
    ["released", [reserved, cancelled]],
    ["committed", [reserved, committed]],
  ])("changes nothing when it is %s already", (_status, events) => {
    given(...events)
      .when(reserve)
      .thenExpect();
  });
});

describe("the acceptance of the order", () => {
  test("promises the units, which then do not expire", () => {
    given(reserved).when({ type: "Accept" }).thenExpect(promised);
    given(reserved, promised).when({ type: "Expire", now: 5_000 }).thenExpect();
  });

  test("is ignored when the expiry won the race", () => {
    given(reserved, expired).when({ type: "Accept" }).thenExpect();
  });

  test.each([
    ["nothing was reserved", []],
    ["the reservation was rejected", [short]],
    ["the order was cancelled", [reserved, cancelled]],
  ])("is illegal when %s", (_when, events) => {
    given(...events)
      .when({ type: "Accept" })
      .thenRefused(IllegalTransition);
  });
});

describe("committing", () => {
  test.each([
    ["a promised reservation", [reserved, promised]],
    ["a reservation whose acceptance was not seen", [reserved]],
    ["an expired reservation whose units are still free", [reserved, expired]],
  ])("takes the units of %s out of stock", (_case, events) => {
    given(...events)
      .when({ type: "Commit" })
      .thenExpect(committed);
  });

  test("needs a person when the units of an expired reservation are gone", () => {
    given(reserved, expired).when({ type: "Commit" }, new Map()).thenRefused(UnitsGone);
  });

  test("happens once", () => {
    given(reserved, committed).when({ type: "Commit" }).thenExpect();
  });

  test.each([
    ["nothing was reserved", []],
    ["the order was cancelled", [reserved, cancelled]],
  ])("is illegal when %s", (_when, events) => {
    given(...events)
      .when({ type: "Commit" })
      .thenRefused(IllegalTransition);
  });
});

describe("releasing", () => {
  test.each([
    ["reserved", [reserved]],
    ["promised", [reserved, promised]],
  ])("frees what is %s", (_status, events) => {
    given(...events)
      .when({ type: "Release" })
      .thenExpect(cancelled);
  });

  test("before the reservation forestalls it", () => {
    given().when({ type: "Release" }).thenExpect(forestalled);
  });

  test.each([
    ["forestalled", [forestalled]],
    ["rejected", [short]],
    ["released", [reserved, cancelled]],
    ["expired", [reserved, expired]],
  ])("changes nothing when the reservation is %s", (_status, events) => {
    given(...events)
      .when({ type: "Release" })
      .thenExpect();
  });

  test("what was sold is illegal", () => {
    given(reserved, committed).when({ type: "Release" }).thenRefused(IllegalTransition);
  });
});

describe("expiry", () => {
  test("frees the units at its time, not a millisecond before", () => {
    given(reserved).when({ type: "Expire", now: 999 }).thenExpect();
    given(reserved).when({ type: "Expire", now: 1_000 }).thenExpect(expired);
  });

  test.each([
    ["none", []],
    ["rejected", [short]],
    ["released", [reserved, cancelled]],
    ["committed", [reserved, committed]],
  ])("changes nothing when the reservation is %s", (_status, events) => {
    given(...events)
      .when({ type: "Expire", now: 5_000 })
      .thenExpect();
  });
});

const anyCommand: fc.Arbitrary<ReservationCommand> = fc.oneof(
  fc.constant(reserve),
  fc.constant<ReservationCommand>({ type: "Accept" }),
  fc.constant<ReservationCommand>({ type: "Commit" }),
  fc.constant<ReservationCommand>({ type: "Release" }),
  fc.integer({ min: 0, max: 2_000 }).map((now): ReservationCommand => ({ type: "Expire", now })),
);

test("whatever is commanded, counts stay sound and the journal adds up to them", () => {
  fc.assert(
    fc.property(
      fc.array(anyCommand, { maxLength: 12 }),
      fc.integer({ min: 0, max: 3 }),
      (all, n) => {
        let reservation: Reservation = none;
        const stock = new Map(lines.map(({ sku }) => [sku, { onHand: n, reserved: 0 }]));
        for (const command of all) {
          const free = new Map(
            [...stock].map(([sku, { onHand, reserved: held }]) => [sku, onHand - held]),
          );
          const event = decideOrRefuse(reservation, command, free);
          if (event === undefined) continue;
          for (const moved of movementsOf(reservation, event)) {
            const counts = stock.get(moved.sku) as { onHand: number; reserved: number };
            counts.onHand += moved.onHandChange;
            counts.reserved += moved.reservedChange;
            expect(counts.reserved).toBeGreaterThanOrEqual(0);
            expect(counts.onHand).toBeGreaterThanOrEqual(counts.reserved);
          }
          reservation = evolve(reservation, event);
          const held = reservation.status === "reserved" || reservation.status === "promised";
          for (const { sku, quantity } of lines) {
            expect(stock.get(sku)?.reserved).toBe(held ? quantity : 0);
          }
        }
      },
    ),
  );
});

function decideOrRefuse(
  reservation: Reservation,
  command: ReservationCommand,
  free: FreeUnits,
): ReservationEvent | undefined {
  try {
    return decide(reservation, command, free);
  } catch (error) {
    expect(error).toHaveProperty("permanent", true);
    return undefined;
  }
}
