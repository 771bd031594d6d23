import type { PaymentEvent } from "./events.ts";
import type { Captured, Payment, PaymentState, PaymentStatus } from "./payment.ts";

/** The payment after `event`; `undefined` stands for the payment that does not exist yet. Pure. */
export function evolve(payment: Payment | undefined, event: PaymentEvent): Payment {
  if (event.type === "PaymentRequested") {
    if (payment !== undefined) throw impossible(event, payment.state);
    return {
      terms: event.terms,
      requestedAt: event.at,
      verdict: null,
      state: { status: "awaiting_verdict" },
    };
  }
  if (payment === undefined) throw new Error(`${event.type} cannot begin a payment`);
  if (event.type === "VerdictReceived") return { ...payment, verdict: event.verdict };
  return { ...payment, state: nextState(payment, event) };
}

/** The payment that a whole history makes, oldest event first. */
export function replay(events: readonly PaymentEvent[]): Payment | undefined {
  return events.reduce<Payment | undefined>(evolve, undefined);
}

type StateEvent = Exclude<PaymentEvent, { type: "PaymentRequested" | "VerdictReceived" }>;

function nextState({ terms, state }: Payment, event: StateEvent): PaymentState {
  const from = fromStatus(state, event);
  switch (event.type) {
    case "AuthorizationStarted":
      from("awaiting_verdict");
      return { status: "authorizing" };
    case "AuthorizationAbandoned":
      from("authorizing");
      return { status: "abandoning", reason: event.reason };
    case "AuthorizationGranted":
      from("authorizing", "abandoning");
      return { status: "provisional", authorizationId: event.authorizationId };
    case "PaymentAuthorized": {
      const granted = from("provisional");
      return event.captureAllowed ? { ...granted, status: "authorized" } : granted;
    }
    case "PaymentHeld": {
      const { authorizationId } = from("provisional", "held");
      return { status: "held", authorizationId, holdExpiresAt: event.holdExpiresAt };
    }
    case "PaymentReleased": {
      const { authorizationId } = from("provisional", "held");
      return { status: "authorized", authorizationId };
    }
    case "PaymentLabelled":
      return state;
    case "PaymentDeclined":
      from("awaiting_verdict", "authorizing", "abandoning");
      return { status: "declined", reason: event.reason };
    case "CaptureStarted": {
      const { authorizationId } = from("authorized");
      return { status: "capturing", authorizationId, refundRest: null };
    }
    case "PaymentCaptured":
      return { ...from("capturing"), status: "captured", refundedMinor: 0, refund: null };
    case "CaptureRefused":
      return from("capturing");
    case "VoidStarted": {
      const { authorizationId } = from("provisional", "held", "authorized", "capturing");
      return { status: "voiding", authorizationId, reason: event.reason };
    }
    case "PaymentVoided":
      from("voiding");
      return { status: "voided", reason: event.reason };
    case "RefundOwed":
      return { ...from("capturing", "captured"), refundRest: event.reason };
    case "RefundStarted": {
      const { refundId, amountMinor, reason } = event;
      return { ...from("captured"), refund: { refundId, amountMinor, reason } };
    }
    case "PaymentRefunded":
      return afterRefund(from("captured"), event.refundedTotalMinor, terms.amountMinor);
  }
}

function afterRefund(state: Captured, refundedMinor: number, capturedMinor: number): PaymentState {
  if (refundedMinor >= capturedMinor) return { status: "refunded", refundedMinor };
  return { ...state, refundedMinor, refund: null };
}

type StateOf<S extends PaymentStatus> = Extract<PaymentState, { status: S }>;

// Narrows the state to those the event can follow, so that no other transition can be written down.
function fromStatus(state: PaymentState, event: PaymentEvent) {
  return <S extends PaymentStatus>(...allowed: S[]): StateOf<S> => {
    if ((allowed as PaymentStatus[]).includes(state.status)) return state as StateOf<S>;
    throw impossible(event, state);
  };
}

function impossible(event: PaymentEvent, state: PaymentState): Error {
  return new Error(`${event.type} cannot follow ${state.status}`);
}
