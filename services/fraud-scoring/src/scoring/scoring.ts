import { type PaymentRequested, topics } from "@holdfast/contracts";
import { type Codec, header, type Producer, partitionOfKey } from "@holdfast/messaging";
import { Problem } from "@holdfast/service-kit";
import type { AwaitedDecisions } from "./awaited-decisions.ts";
import type { DecisionFeed } from "./decision-feed.ts";

/** What scoring on request works with. */
export interface ScoringOptions {
  readonly producer: Pick<Producer, "send">;
  readonly codec: Pick<Codec, "encode">;
  /** The name of card-activity. */
  readonly topic: string;
  readonly awaited: AwaitedDecisions;
  readonly feed: Pick<DecisionFeed, "follow">;
  /** Whether this process scores the partition now. */
  readonly isOwn: (partition: number) => boolean;
  /** A committed decision; undefined when it is not there, or not kept any more. */
  readonly find: (decisionId: string) => Promise<Buffer | undefined>;
}

/** A wait that began before the payment was sent, so that nothing is missed. */
export interface AwaitedScore {
  /** The framed decision; undefined when it is not known within `ms`. `mayBeOld` looks back first. */
  decision(limits: {
    readonly ms: number;
    readonly mayBeOld: boolean;
  }): Promise<Buffer | undefined>;
  /** Call it in any case. */
  forget(): void;
}

/** Scoring on request: append to card-activity, await what the partition's owner decides. */
export interface Scoring {
  expect(decisionId: string): AwaitedScore;
  /**
   * Appends the payment as event `eventId`: once resolved it will be scored, whatever happens here.
   * Throws a Problem (503) when the brokers do not answer, or when too many wait already; the same
   * request may then be sent again.
   */
  publish(eventId: string, payment: PaymentRequested): Promise<void>;
}

/** Beyond this the answers would come too late anyway, and database connections are few. */
const maxPublishing = 16;
const publishLimitMs = 5_000;
const followLimitMs = 100;

/** Scoring on request, by whichever process of the group a request meets. */
export function createScoring(options: ScoringOptions): Scoring {
  const { awaited, feed, find, isOwn } = options;
  let publishing = 0;
  return {
    expect: (decisionId) => {
      const { within, forget } = awaited.expect(decisionId);
      return {
        forget,
        decision: async ({ ms, mayBeOld }) => {
          const old = mayBeOld ? await find(decisionId) : undefined;
          // Last of all it may have been made where this process could not see it.
          return old ?? (await within(ms)) ?? (await find(decisionId));
        },
      };
    },
    publish: async (eventId, payment) => {
      if (publishing >= maxPublishing) throw unavailable("Too many transactions wait to be scored");
      publishing += 1;
      try {
        const { partitions } = topics["card-activity"];
        const partition = partitionOfKey(payment.cardFingerprint, partitions);
        if (!isOwn(partition)) await feed.follow(followLimitMs);
        await inTime(send(options, eventId, { payment, partition }));
      } finally {
        publishing -= 1;
      }
    },
  };
}

async function send(
  { producer, codec, topic }: ScoringOptions,
  eventId: string,
  { payment, partition }: { payment: PaymentRequested; partition: number },
): Promise<void> {
  await producer.send([
    {
      topic,
      partition,
      key: payment.cardFingerprint,
      value: codec.encode("card-activity", "PaymentRequested", payment),
      headers: { [header.id]: eventId, [header.eventType]: "PaymentRequested" },
    },
  ]);
}

async function inTime(sending: Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(unavailable("The brokers do not answer")), publishLimitMs);
  sending.catch(() => undefined);
  try {
    await Promise.race([sending, late]);
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(title: string): Problem {
  return new Problem({ status: 503, code: "scoring_unavailable", title, retryAfterSeconds: 1 });
}
