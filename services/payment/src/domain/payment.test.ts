import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { PaymentCommand } from "./commands.ts";
import { decide, requestPayment } from "./decide.ts";
import type { PaymentEvent } from "./events.ts";
import { evolve, replay } from "./evolve.ts";
import { type Account, type Posting, postingsOf } from "./ledger.ts";
import { type Payment, paymentStatuses } from "./payment.ts";
import { policy, terms } from "./testing/terms.ts";

const large = { ...terms, baseAmountMinor: 5_001 };
const at = 1_000;

const scorer = (outcome: "APPROVE" | "REVIEW" | "DECLINE") =>
  ({ source: "SCORER", outcome, decisionId: "decision-1", reasons: ["VELOCITY"] }) as const;
const verdict = (outcome: "APPROVE" | "REVIEW" | "DECLINE") =>
  ({ type: "ReceiveVerdict", at, verdict: scorer(outcome) }) as const;
const granted = {
  type: "RecordAuthorization",
  at,
  answer: { outcome: "granted", authorizationId: "auth-1" },
} as const;
const refused = {
  type: "RecordAuthorization",
  at,
  answer: { outcome: "refused", code: "insufficient_funds" },
} as const;
const fallBack = { type: "FallBack", at } as const;
const stopAwaiting = { type: "StopAwaitingVerdict", at } as const;
const abandon = { type: "AbandonAuthorization", at } as const;
const capture = { type: "CapturePayment", at } as const;
const captured = {
  type: "RecordCapture",
  at,
  answer: { outcome: "captured", feeMinor: 60 },
} as const;
const captureRefused = {
  type: "RecordCapture",
  at,
  answer: { outcome: "refused", code: "expired" },
} as const;
const cancel = { type: "CancelPayment", at } as const;
const voided = { type: "RecordVoid", at } as const;
const release = { type: "ReleaseHold", at, by: "ann", reason: "known" } as const;
const decline = { type: "DeclineHold", at, by: "ann", reason: "stolen" } as const;
const expire = { type: "ExpireHold", at: at + policy.holdExpiryMs } as const;
const refund = (amountMinor: number, refundId = "refund-1") =>
  ({ type: "RefundPayment", at, refundId, amountMinor, reason: "returned" }) as const;
const refunded = (refundId: string) => ({ type: "RecordRefund", at, refundId }) as const;

/** The payment that a fresh request becomes under the commands, one after another. */
function given(commands: readonly PaymentCommand[], over = terms): Payment {
  const first = requestPayment(over, { at, orderCancelled: false });
  const payment = replay(first) as Payment;
  return commands.reduce(
    (now, command) => decide(now, command, policy).reduce(apply, now),
    payment,
  );
}

function apply(payment: Payment, event: PaymentEvent): Payment {
  return evolve(payment, event);
}

/** Names of the events that the last command makes, and the status after them. */
function outcomeOf(commands: readonly PaymentCommand[], over = terms): [string[], string] {
  const payment = given(commands.slice(0, -1), over);
  const events = decide(payment, commands.at(-1) as PaymentCommand, policy);
  const names = events.map((event) =>
    "reason" in event ? `${event.type} ${event.reason}` : event.type,
  );
  return [names, events.reduce(apply, payment).state.status];
}

type Case = [title: string, commands: PaymentCommand[], events: string[], status: string];

const authorized = [verdict("APPROVE"), granted];
const held = [verdict("REVIEW"), granted];
const provisional = [fallBack, granted];

const cases: Case[] = [
  [
    "an approval asks the provider",
    [verdict("APPROVE")],
    ["VerdictReceived", "AuthorizationStarted"],
    "authorizing",
  ],
  [
    "a decline never asks the provider",
    [verdict("DECLINE")],
    ["VerdictReceived", "PaymentDeclined FRAUD"],
    "declined",
  ],
  [
    "a granted approval may be captured",
    authorized,
    ["AuthorizationGranted", "PaymentAuthorized"],
    "authorized",
  ],
  ["a granted review is held", held, ["AuthorizationGranted", "PaymentHeld"], "held"],
  [
    "a refusal declines",
    [verdict("APPROVE"), refused],
    ["PaymentDeclined PROVIDER_REFUSED"],
    "declined",
  ],
  ["the same answer twice changes nothing", [...authorized, granted], [], "authorized"],
  ["a second verdict changes nothing", [...authorized, verdict("DECLINE")], [], "authorized"],
  ["acceptance captures", [...authorized, capture], ["CaptureStarted"], "capturing"],
  ["acceptance twice captures once", [...authorized, capture, capture], [], "capturing"],
  ["the capture ends it", [...authorized, capture, captured], ["PaymentCaptured"], "captured"],
  [
    "a refused capture gives the authorisation back",
    [...authorized, capture, captureRefused],
    ["CaptureRefused expired", "VoidStarted CAPTURE_FAILED"],
    "voiding",
  ],
  [
    "release labels and allows capture",
    [...held, release],
    ["PaymentLabelled known", "PaymentReleased known"],
    "authorized",
  ],
  [
    "a declined review labels and voids",
    [...held, decline],
    ["PaymentLabelled stolen", "VoidStarted REVIEW_DECLINED"],
    "voiding",
  ],
  ["a void ends it", [...held, decline, voided], ["PaymentVoided REVIEW_DECLINED"], "voided"],
  ["a hold expires", [...held, expire], ["VoidStarted HOLD_EXPIRED"], "voiding"],
  ["a hold does not expire early", [...held, { ...expire, at: expire.at - 1 }], [], "held"],
  ["a released hold does not expire", [...held, release, expire], [], "authorized"],

  [
    "silence on a small amount authorises",
    [fallBack],
    ["VerdictReceived", "AuthorizationStarted"],
    "authorizing",
  ],
  [
    "a small fallback is not for capture",
    provisional,
    ["AuthorizationGranted", "PaymentAuthorized"],
    "provisional",
  ],
  ["a verdict in time silences the fallback", [verdict("APPROVE"), fallBack], [], "authorizing"],
  [
    "a late approval releases",
    [...provisional, verdict("APPROVE")],
    ["VerdictReceived", "PaymentReleased late approval"],
    "authorized",
  ],
  [
    "a late review holds",
    [...provisional, verdict("REVIEW")],
    ["VerdictReceived", "PaymentHeld"],
    "held",
  ],
  [
    "a late decline voids",
    [...provisional, verdict("DECLINE")],
    ["VerdictReceived", "VoidStarted LATE_DECLINE"],
    "voiding",
  ],
  [
    "a late decline before the answer abandons",
    [fallBack, verdict("DECLINE")],
    ["VerdictReceived", "AuthorizationAbandoned LATE_DECLINE"],
    "abandoning",
  ],
  [
    "a late approval before the answer counts as in time",
    [fallBack, verdict("APPROVE"), granted],
    ["AuthorizationGranted", "PaymentAuthorized"],
    "authorized",
  ],
  [
    "no verdict at all ends in review",
    [...provisional, stopAwaiting],
    ["VerdictReceived", "PaymentHeld"],
    "held",
  ],
  [
    "no verdict while authorising ends in review",
    [fallBack, stopAwaiting, granted],
    ["AuthorizationGranted", "PaymentHeld"],
    "held",
  ],
  ["the limit does not touch a real verdict", [...authorized, stopAwaiting], [], "authorized"],
  [
    "a late decline after a person's release voids",
    [...provisional, stopAwaiting, release, verdict("DECLINE")],
    ["VerdictReceived", "VoidStarted LATE_DECLINE"],
    "voiding",
  ],
  [
    "a late review after a person's release changes nothing",
    [...provisional, stopAwaiting, release, verdict("REVIEW")],
    ["VerdictReceived"],
    "authorized",
  ],
  [
    "a late decline after capture refunds",
    [...provisional, stopAwaiting, release, capture, captured, verdict("DECLINE")],
    ["VerdictReceived", "RefundOwed LATE_DECLINE", "RefundStarted LATE_DECLINE"],
    "captured",
  ],

  [
    "a cancel before the verdict declines",
    [cancel],
    ["PaymentDeclined ORDER_CANCELLED"],
    "declined",
  ],
  ["a verdict after a cancel changes nothing", [cancel, verdict("APPROVE")], [], "declined"],
  [
    "a cancel while the answer is unknown abandons",
    [verdict("APPROVE"), cancel],
    ["AuthorizationAbandoned ORDER_CANCELLED"],
    "abandoning",
  ],
  [
    "a late success after a cancel is voided",
    [verdict("APPROVE"), cancel, granted],
    ["AuthorizationGranted", "VoidStarted ORDER_CANCELLED"],
    "voiding",
  ],
  [
    "a late refusal after a cancel declines",
    [verdict("APPROVE"), cancel, refused],
    ["PaymentDeclined ORDER_CANCELLED"],
    "declined",
  ],
  [
    "a cancel voids an authorisation",
    [...authorized, cancel],
    ["VoidStarted ORDER_CANCELLED"],
    "voiding",
  ],
  ["a cancel voids a hold", [...held, cancel], ["VoidStarted ORDER_CANCELLED"], "voiding"],
  [
    "acceptance of a voided payment changes nothing",
    [...authorized, cancel, voided, capture],
    [],
    "voided",
  ],
  [
    "a cancel while capturing refunds later",
    [...authorized, capture, cancel],
    ["RefundOwed ORDER_CANCELLED"],
    "capturing",
  ],
  [
    "and then refunds",
    [...authorized, capture, cancel, captured],
    ["PaymentCaptured", "RefundStarted ORDER_CANCELLED"],
    "captured",
  ],
  [
    "a cancel after capture refunds",
    [...authorized, capture, captured, cancel],
    ["RefundOwed ORDER_CANCELLED", "RefundStarted ORDER_CANCELLED"],
    "captured",
  ],
  [
    "a cancel after capture refunds once",
    [...authorized, capture, captured, cancel, cancel],
    [],
    "captured",
  ],
  [
    "a whole refund ends it",
    [...authorized, capture, captured, cancel, refunded("payment-1")],
    ["PaymentRefunded ORDER_CANCELLED"],
    "refunded",
  ],

  [
    "an unreachable provider is given up",
    [verdict("APPROVE"), abandon],
    ["AuthorizationAbandoned PROVIDER_UNREACHABLE"],
    "abandoning",
  ],
  [
    "what it granted after all is voided",
    [verdict("APPROVE"), abandon, granted],
    ["AuthorizationGranted", "VoidStarted PROVIDER_UNREACHABLE"],
    "voiding",
  ],
  ["giving up after the answer changes nothing", [...authorized, abandon], [], "authorized"],

  [
    "a part can be refunded",
    [...authorized, capture, captured, refund(1_500)],
    ["RefundStarted returned"],
    "captured",
  ],
  [
    "a partial refund leaves it captured",
    [...authorized, capture, captured, refund(1_500), refunded("refund-1")],
    ["PaymentRefunded returned"],
    "captured",
  ],
  [
    "another refund's answer changes nothing",
    [...authorized, capture, captured, refund(1_500), refunded("refund-9")],
    [],
    "captured",
  ],
  [
    "a cancel during a refund refunds the rest after it",
    [...authorized, capture, captured, refund(1_500), cancel, refunded("refund-1")],
    ["PaymentRefunded returned", "RefundStarted ORDER_CANCELLED"],
    "captured",
  ],
];

const named = cases.map(([title, commands, events, status]) => ({
  title,
  commands,
  expected: [events, status],
}));

test.each(named)("$title", ({ commands, expected }) => {
  expect(outcomeOf(commands)).toEqual(expected);
});

test("silence on an amount above the limit is held", () => {
  expect(outcomeOf([fallBack, granted], large)).toEqual([
    ["AuthorizationGranted", "PaymentHeld"],
    "held",
  ]);
});

test("a hold keeps its expiry when the scorer's late review confirms it", () => {
  const later = { ...verdict("REVIEW"), at: at + 5_000 };
  expect(given([fallBack, granted, later], large).state).toMatchObject({
    status: "held",
    holdExpiresAt: at + policy.holdExpiryMs,
  });
});

test("a payment of an order that was cancelled first is declined at once", () => {
  const payment = replay(requestPayment(terms, { at, orderCancelled: true }));
  expect(payment?.state).toEqual({ status: "declined", reason: "ORDER_CANCELLED" });
});

describe("the present state refuses", () => {
  const illegal: [string, PaymentCommand[]][] = [
    ["a release of an authorised payment", [...authorized, release]],
    ["a release of a captured payment", [...authorized, capture, captured, release]],
    ["a second, opposite review", [...held, release, decline]],
    ["a capture before the verdict", [capture]],
    ["a capture of a hold", [...held, capture]],
    ["a capture of a fallback authorisation", [...provisional, capture]],
    ["a refund of an uncaptured payment", [...authorized, refund(1)]],
    [
      "a refund while another is under way",
      [...authorized, capture, captured, refund(1), refund(1)],
    ],
  ];
  test.each(illegal)("%s", (_, commands) => {
    expect(() => outcomeOf(commands)).toThrow(/is not possible while the payment is/);
  });

  test.each([0, -1, 4_001])("a refund of %d out of 4000", (amountMinor) => {
    const commands = [...authorized, capture, captured, refund(amountMinor)];
    expect(() => outcomeOf(commands)).toThrow(/Cannot refund/);
  });
});

describe("whatever happens in whatever order", () => {
  const anyCommand = fc.constantFrom<PaymentCommand>(
    ...[verdict("APPROVE"), verdict("REVIEW"), verdict("DECLINE"), granted, refused, fallBack],
    ...[stopAwaiting, abandon, capture, captured, captureRefused, cancel, voided, release, decline],
    ...[expire, refund(1_500), refund(4_000, "refund-2"), refunded("refund-1")],
    ...[refunded("refund-2"), refunded("payment-1")],
  );

  /** The whole history that a payment has after the commands it does not refuse. */
  function history(commands: readonly PaymentCommand[]): PaymentEvent[] {
    const events = requestPayment(terms, { at, orderCancelled: false });
    for (const command of commands) {
      try {
        events.push(...decide(replay(events) as Payment, command, policy));
      } catch (error) {
        if (!(error instanceof Error) || !/not possible|Cannot refund/.test(error.message))
          throw error;
      }
    }
    return events;
  }

  const count = (events: readonly PaymentEvent[], type: string): number =>
    events.filter((event) => event.type === type).length;

  test("money moves at most once each way and ends where it began when it is undone", () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 30 }), (commands) => {
        const events = history(commands);
        const refundedMinor = events
          .filter((event) => event.type === "PaymentRefunded")
          .reduce((sum, event) => sum + event.amountMinor, 0);
        const payment = replay(events) as Payment;
        expect(count(events, "AuthorizationGranted")).toBeLessThanOrEqual(1);
        expect(count(events, "PaymentCaptured")).toBeLessThanOrEqual(1);
        expect(count(events, "PaymentVoided") * count(events, "PaymentCaptured")).toBe(0);
        expect(refundedMinor).toBeLessThanOrEqual(
          count(events, "PaymentCaptured") * terms.amountMinor,
        );
        expect(paymentStatuses).toContain(payment.state.status);
      }),
      { numRuns: 2_000 },
    );
  });

  test("every entry of the ledger balances, and nothing stays in clearing when it has ended", () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 30 }), (commands) => {
        const events = history(commands);
        const { status } = (replay(events) as Payment).state;
        const sumOf = (postings: readonly Posting[]): number =>
          postings.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
        const postings = events.map(postingsOf);
        expect(postings.map(sumOf).filter((sum) => sum !== 0)).toEqual([]);
        const balance = (account: Account): number =>
          sumOf(postings.flat().filter((posting) => posting.account === account));
        const open = !["declined", "voided", "captured", "refunded"].includes(status);
        if (!open) expect([balance("held") + 0, balance("clearing") + 0]).toEqual([0, 0]);
        expect(balance("provider") + balance("fees")).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2_000 },
    );
  });

  test("a decline by the scorer is never captured after it, unless it is refunded", () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 30 }), (commands) => {
        const events = history(commands);
        const declinedAt = events.findIndex(
          (event) => event.type === "VerdictReceived" && event.verdict.outcome === "DECLINE",
        );
        if (declinedAt < 0) return;
        expect(count(events.slice(declinedAt), "CaptureStarted")).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });
});
