import { tail } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import pg from "pg";
import { suiteAddresses } from "../command/addresses.ts";
import type { EventClient } from "../command/event-client.ts";
import { startScorer } from "../replay/scorer-process.ts";
import type { Workspace } from "../replay/workspace.ts";
import type { PaymentSource } from "./payments.ts";

/** How soon decisions come again after the only scorer was killed. */
export interface Recovery {
  /** Cards in the database. */
  readonly cards: number;
  /** From the kill to the first decision that a successor made. */
  readonly secondsToFirstDecision: number;
}

interface Parts {
  readonly events: EventClient;
  readonly producer: { send(records: ReturnType<PaymentSource["record"]>[]): Promise<unknown> };
  readonly workspace: Workspace;
  readonly payments: PaymentSource;
}

const askEveryMs = 100;

/**
 * Kills the only scorer of the workspace and starts another at once, as an orchestrator would;
 * payments go on all the while. The database is filled up to `cards` before, with copies of the
 * states that it has.
 */
export async function measureRecovery(parts: Parts, cards: number): Promise<Recovery> {
  const { workspace } = parts;
  await multiplyCards(workspace, cards);
  const first = startScorer(workspace, suiteAddresses());
  const paying = payOn(parts);
  try {
    await decisionAfter(parts, Date.now());
    await first.stop("SIGKILL");
    const killedAt = Date.now();
    const second = startScorer(workspace, suiteAddresses());
    try {
      const seenAt = await decisionAfter(parts, killedAt);
      return { cards, secondsToFirstDecision: Math.round((seenAt - killedAt) / 10) / 100 };
    } finally {
      await second.stop();
    }
  } finally {
    await first.stop("SIGKILL");
    await paying.stop();
  }
}

/** Resolves to when the first decision was sent on a payment that happened after `momentMs`. */
async function decisionAfter({ events, workspace }: Parts, momentMs: number): Promise<number> {
  const records = tail({
    kafka: events.kafka,
    topics: [workspace.decisions],
    from: "now",
    logger: silentLogger,
  });
  for await (const { value, timestampMs } of records) {
    const decoded = events.codec.decode(workspace.decisions, value as Buffer);
    if (decoded.type === "FraudDecided" && decoded.event.occurredAt > momentMs) return timestampMs;
  }
  throw new Error("The decisions ended");
}

/** Sends a payment now and then, from numbers that no other part of the bench uses. */
function payOn({ producer, payments }: Parts) {
  let number = 0;
  let sending = Promise.resolve();
  const timer = setInterval(() => {
    const record = payments.record(number++, Date.now());
    sending = sending.then(async () => void (await producer.send([record])));
  }, askEveryMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await sending;
    },
  };
}

async function multiplyCards({ databaseUrl }: Workspace, cards: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO card_state (partition, card, state, next_timer_at, forget_after)
       SELECT partition, 'fp_copy_' || number, state, NULL, $2
       FROM generate_series(1, $1::int - (SELECT count(*)::int FROM card_state)) number,
         (SELECT partition, state FROM card_state LIMIT 1) one
       ON CONFLICT DO NOTHING`,
      [cards, Number.MAX_SAFE_INTEGER],
    );
    await client.query("ANALYZE card_state");
  } finally {
    await client.end();
  }
}
