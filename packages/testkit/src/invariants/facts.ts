/**
 * What is known about a suite at rest, gathered from databases, raw topics, the provider's journal
 * and the sink's own output; never from what a service says about itself. Amounts are minor units,
 * offsets decimal digits.
 */
export interface Facts {
  readonly shop: ShopFacts;
  readonly orders: readonly OrderFact[];
  readonly payments: readonly PaymentFact[];
  readonly postings: readonly PostingFact[];
  readonly journal: readonly JournalFact[];
  readonly reservations: readonly ReservationFact[];
  readonly stock: readonly StockFact[];
  readonly movements: readonly MovementFact[];
  readonly outbox: readonly OutboxFact[];
  readonly inbox: readonly InboxFact[];
  readonly parked: readonly ParkedFact[];
  readonly records: readonly RecordFact[];
  readonly deadLetters: readonly DeadLetterFact[];
  readonly decisions: readonly DecisionFact[];
  readonly groups: readonly GroupFact[];
  readonly notifications: readonly NotificationFact[];
  readonly sink: readonly SinkFact[];
  readonly replay: ReplayFact;
  readonly cardNumbers: readonly CardNumberFact[];
}

/** What the client of the suite did and saw, as its own history tells. */
export interface ShopFacts {
  readonly acknowledged: readonly AcknowledgedFact[];
  readonly reads: readonly ReadFact[];
  readonly probes: readonly ProbeFact[];
  readonly strikes: readonly StrikeFact[];
  /** Committed offsets in the order in which they were read. */
  readonly offsets: readonly OffsetFact[];
  /** Records that the client itself put on topics. */
  readonly injected: readonly PositionFact[];
  /** Orders whose story has further beginnings, such as a review, beside the request. */
  readonly touched: readonly string[];
  /** Answers that no request of theirs may get. */
  readonly surprises: readonly SurpriseFact[];
}

/** An answer 202 to POST /orders. */
export interface AcknowledgedFact {
  readonly orderId: string;
  readonly key: string;
  readonly atMs: number;
}

/** One reading of an acknowledged order by HTTP, in order of time; status null when it was not found. */
export interface ReadFact {
  readonly orderId: string;
  readonly status: string | null;
  readonly atMs: number;
}

/** An order that was placed after everything was healed; null when it did not end in time. */
export interface ProbeFact {
  readonly orderId: string | null;
  readonly tookMs: number | null;
  readonly limitMs: number;
}

/** A fault, from its beginning until the suite was itself again, as its customers lived through it. */
export interface StrikeFact {
  readonly fault: string;
  /** Orders placed meanwhile. */
  readonly orders: number;
  /** How many of them were accepted at the first attempt. */
  readonly acceptedAtOnce: number;
  /** How many were accepted as soon as they must be: at once, or a little later on a busy machine. */
  readonly acceptedInTime: number;
  /** Whether orders must be accepted all the same. */
  readonly mustAccept: boolean;
  /** From the end of the fault until an order that was placed then was confirmed; null when it was not. */
  readonly recoveryMs: number | null;
  readonly recoveryLimitMs: number;
}

/** A request that must be refused and was not, or the other way round. */
export interface SurpriseFact {
  readonly what: string;
  readonly status: number;
  readonly expected: readonly number[];
}

export interface PositionFact {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

export interface OffsetFact extends PositionFact {
  readonly group: string;
  readonly atMs: number;
}

export interface OrderFact {
  readonly orderId: string;
  readonly saga: "pending" | "accepted" | "confirmed" | "cancelled";
  readonly payment: string | null;
  readonly totalMinor: number;
  readonly currency: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
}

export interface PaymentFact {
  readonly paymentId: string;
  readonly orderId: string;
  readonly status: string;
  readonly amountMinor: number;
  readonly currency: string;
}

/** One side of a ledger entry; an entry is all postings of one payment and sequence. */
export interface PostingFact {
  readonly paymentId: string;
  readonly sequence: number;
  readonly account: string;
  readonly currency: string;
  readonly amountMinor: number;
}

/** One operation that the provider carried out or refused. */
export interface JournalFact {
  readonly key: string;
  readonly kind: "authorize" | "capture" | "void" | "refund";
  readonly outcome: "succeeded" | "refused";
  readonly authorizationId: string | null;
  readonly amountMinor: number | null;
  /** What the provider kept of a capture; 0 for everything else. */
  readonly feeMinor: number;
  /** The order, on authorisations. */
  readonly reference: string | null;
}

export interface ReservationFact {
  readonly orderId: string;
  readonly status: string;
}

export interface StockFact {
  readonly sku: string;
  readonly onHand: number;
  readonly reserved: number;
  /** Units at the very beginning, as whoever stocked the shelf knows. */
  readonly initial: number;
}

export interface MovementFact {
  readonly sku: string;
  readonly kind: string;
  readonly orderId: string | null;
  readonly onHandChange: number;
  readonly reservedChange: number;
}

export interface OutboxFact {
  readonly service: string;
  readonly id: string;
  readonly topic: string;
  readonly type: string;
  readonly entityId: string;
  readonly entityVersion: number;
  readonly digest: string;
  /** Written so long before the topics were read that it must lie there: time goes on at rest too. */
  readonly settled: boolean;
}

export interface InboxFact {
  readonly group: string;
  readonly eventId: string;
}

export interface ParkedFact extends PositionFact {
  readonly group: string;
}

/** A record as it lies on a topic; headers are null where it has none. */
export interface RecordFact extends PositionFact {
  readonly id: string | null;
  readonly type: string | null;
  readonly entityId: string | null;
  readonly entityVersion: number | null;
  readonly traceparent: string | null;
  readonly digest: string;
}

/** A record of a dead-letter or late topic: whose, and where the original lies. */
export interface DeadLetterFact extends PositionFact {
  readonly group: string;
}

/** A decision of the scorer, and the record that it is about. */
export interface DecisionFact {
  readonly decisionId: string;
  readonly eventId: string;
}

/** How far a group has come on a partition, and what it does with the topic's events. */
export interface GroupFact {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly committed: string;
  readonly end: string;
  /** How far it had come when everything else had been read. */
  readonly reached: string;
  /** The events that must leave an inbox row; null where every event must. */
  readonly handles: readonly string[] | null;
}

export interface NotificationFact {
  readonly notificationId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly audience: string;
  readonly channel: string;
}

/** One delivery in the sink's own words. */
export interface SinkFact {
  readonly notificationId: string;
  readonly channel: string;
}

/** What a pure re-execution of the scorer's input says about its output. */
export interface ReplayFact {
  readonly compared: number;
  readonly differences: readonly string[];
}

/** A card number where none may be; the number itself is not repeated. */
export interface CardNumberFact {
  readonly where: string;
  /** First six and last four digits; empty for a security code. */
  readonly card: string;
  readonly encoding: string;
}
