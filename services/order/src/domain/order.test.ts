import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Command, type Decision, decide } from "./decide.ts";
import { evolve, type OrderEvent } from "./evolve.ts";
import { type Progress, placed } from "./progress.ts";
import { publicStatus } from "./public-status.ts";

const paymentId = "payment-1";
const stockReserved: Command = { type: "RecordStockReserved" };
const authorised = payment("authorised");
const held = payment("held");
const capturable = payment("capturable");
const captured: Command = { type: "RecordCapture", paymentId };
const cancel: Command = { type: "CancelOrder" };
const outOfStock: Command = { type: "AbandonOrder", reason: "OUT_OF_STOCK", paymentId: null };
const captureFailed: Command = { type: "AbandonOrder", reason: "CAPTURE_FAILED", paymentId };

const stockSecured: OrderEvent = { type: "StockSecured" };
const paymentHeld = paymentAdvanced("held");
const paymentAuthorised = paymentAdvanced("authorised");
const paymentCapturable = paymentAdvanced("capturable");
const accepted: OrderEvent = { type: "OrderAccepted", paymentId };
const confirmed: OrderEvent = { type: "OrderConfirmed", paymentId };
const cancelled = (reason: "CUSTOMER" | "OUT_OF_STOCK" | "CAPTURE_FAILED", known: boolean) =>
  ({ type: "OrderCancelled", reason, paymentId: known ? paymentId : null }) as const;

describe("an order is accepted when stock is reserved and its payment is capturable", () => {
  test("stock first", () => {
    given([]).when(stockReserved).thenEvents([stockSecured]);
    given([stockSecured]).when(capturable).thenEvents([accepted]);
  });

  test("payment first", () => {
    given([]).when(capturable).thenEvents([paymentCapturable]);
    given([paymentCapturable]).when(stockReserved).thenEvents([accepted]);
  });

  test("an authorisation under a fallback does not suffice until it may be captured", () => {
    given([stockSecured]).when(authorised).thenEvents([paymentAuthorised]);
    given([stockSecured, paymentAuthorised]).when(capturable).thenEvents([accepted]);
  });

  test("a held payment does not suffice until it is released", () => {
    given([paymentHeld]).when(stockReserved).thenEvents([stockSecured]);
    given([paymentHeld, stockSecured]).when(capturable).thenEvents([accepted]);
  });

  test("a late review holds an authorisation", () => {
    given([paymentAuthorised]).when(held).thenEvents([paymentHeld]);
  });
});

describe("the same reply twice does not advance an order twice", () => {
  const cases: [string, OrderEvent[], Command][] = [
    ["stock reserved", [stockSecured], stockReserved],
    ["payment authorised", [paymentAuthorised], authorised],
    ["payment held", [paymentHeld], held],
    ["payment capturable", [paymentCapturable], capturable],
    ["stock reserved, when accepted", [stockSecured, accepted], stockReserved],
    ["payment capturable, when accepted", [stockSecured, accepted], capturable],
    ["captured", [stockSecured, accepted, confirmed], captured],
    ["refused", [cancelled("OUT_OF_STOCK", false)], outOfStock],
    ["cancelled", [cancelled("CUSTOMER", false)], cancel],
  ];
  test.each(cases)("%s", (_name, history, command) => {
    given(history).when(command).thenEvents([]);
  });
});

describe("an order ends", () => {
  test("confirmed, when the accepted order's payment is captured", () => {
    given([stockSecured, accepted]).when(captured).thenEvents([confirmed]);
  });

  test("cancelled, when it is refused before acceptance", () => {
    given([])
      .when(outOfStock)
      .thenEvents([cancelled("OUT_OF_STOCK", false)]);
    given([paymentHeld])
      .when(outOfStock)
      .thenEvents([cancelled("OUT_OF_STOCK", true)]);
  });

  test("cancelled, when its capture fails after acceptance", () => {
    given([stockSecured, accepted])
      .when(captureFailed)
      .thenEvents([cancelled("CAPTURE_FAILED", true)]);
  });

  test("and what arrives later changes nothing", () => {
    const cancelledOrder = given([cancelled("CUSTOMER", false)]);
    for (const late of [stockReserved, authorised, held, capturable, captured, captureFailed]) {
      cancelledOrder.when(late).thenEvents([]);
    }
    given([stockSecured, accepted, confirmed]).when(captureFailed).thenEvents([]);
  });
});

describe("the customer may cancel", () => {
  test("until acceptance", () => {
    given([])
      .when(cancel)
      .thenEvents([cancelled("CUSTOMER", false)]);
    given([stockSecured, paymentHeld])
      .when(cancel)
      .thenEvents([cancelled("CUSTOMER", true)]);
  });

  test("not after it", () => {
    given([stockSecured, accepted]).when(cancel).refused("already_accepted");
    given([stockSecured, accepted, confirmed]).when(cancel).refused("already_accepted");
  });
});

test("money that was captured before acceptance is a fault, not a confirmation", () => {
  given([stockSecured]).when(captured).refused("not_accepted");
});

describe("the public status", () => {
  const cases: [string, OrderEvent[]][] = [
    ["received", []],
    ["processing", [stockSecured]],
    ["processing", [paymentAuthorised]],
    ["under_review", [paymentHeld]],
    ["under_review", [stockSecured, paymentHeld]],
    ["processing", [paymentHeld, paymentCapturable]],
    ["processing", [stockSecured, accepted]],
    ["confirmed", [stockSecured, accepted, confirmed]],
    ["cancelled", [paymentHeld, cancelled("CUSTOMER", true)]],
  ];
  test.each(cases)("is %s after %j", (status, history) => {
    expect(publicStatus(stateAfter(history))).toBe(status);
  });
});

describe("in any order, with repeats", () => {
  const anyCommands = fc.array(
    fc.constantFrom(stockReserved, authorised, held, capturable, captured, cancel, captureFailed),
    { maxLength: 20 },
  );

  test("an order is accepted, confirmed and cancelled at most once each", () => {
    fc.assert(
      fc.property(anyCommands, (commands) => {
        const types = historyOf(commands).map((event) => event.type);
        for (const once of ["OrderAccepted", "OrderConfirmed", "OrderCancelled"] as const) {
          expect(types.filter((type) => type === once).length).toBeLessThanOrEqual(1);
        }
        expect(types.includes("OrderConfirmed") && types.includes("OrderCancelled")).toBe(false);
        if (types.includes("OrderConfirmed")) expect(types).toContain("OrderAccepted");
      }),
    );
  });

  test("an accepted order had its stock reserved and its payment capturable", () => {
    fc.assert(
      fc.property(anyCommands, (commands) => {
        fc.pre(historyOf(commands).some((event) => event.type === "OrderAccepted"));
        expect(commands).toContain(stockReserved);
        expect(commands).toContain(capturable);
      }),
    );
  });

  test("the public status goes back only from review to processing", () => {
    const rank = { received: 0, processing: 1, under_review: 2, confirmed: 3, cancelled: 3 };
    fc.assert(
      fc.property(anyCommands, (commands) => {
        let state: Progress = placed;
        for (const event of historyOf(commands)) {
          const before = publicStatus(state);
          state = evolve(state, event);
          const after = publicStatus(state);
          if (before === "under_review" && after === "processing") continue;
          expect(rank[after]).toBeGreaterThanOrEqual(rank[before]);
        }
      }),
    );
  });
});

function payment(stage: "authorised" | "held" | "capturable"): Command {
  return { type: "RecordPayment", payment: { stage, paymentId } };
}

function paymentAdvanced(stage: "authorised" | "held" | "capturable"): OrderEvent {
  return { type: "PaymentAdvanced", payment: { stage, paymentId } };
}

function given(history: readonly OrderEvent[]) {
  const state = stateAfter(history);
  return {
    when: (command: Command) => {
      const decision: Decision = decide(command, state);
      return {
        thenEvents: (events: readonly OrderEvent[]) => expect(decision).toEqual({ events }),
        refused: (refusal: string) => expect(decision).toEqual({ refusal }),
      };
    },
  };
}

function stateAfter(history: readonly OrderEvent[]): Progress {
  return history.reduce(evolve, placed as Progress);
}

function historyOf(commands: readonly Command[]): OrderEvent[] {
  const history: OrderEvent[] = [];
  let state: Progress = placed;
  for (const command of commands) {
    const decision = decide(command, state);
    if ("refusal" in decision) continue;
    history.push(...decision.events);
    state = decision.events.reduce(evolve, state);
  }
  return history;
}
