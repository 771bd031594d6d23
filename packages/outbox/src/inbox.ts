import type { Delivery, DeliveryContext, Message, Middleware } from "@holdfast/messaging";
import { counter } from "@holdfast/telemetry";
import type { Database } from "./database.ts";
import { type Claim, claimInTurn, type Versioned, versionOf } from "./entity-order.ts";
import { park, takeParked } from "./parked-records.ts";
import type { Tx } from "./transaction.ts";

/** Options of the inbox middleware. */
export interface InboxOptions {
  readonly database: Database;
  /**
   * "enforced": events of one entity take effect in the order of their versions within the topic. A
   * version that took effect already is skipped; one that comes too early is parked in Postgres until
   * its predecessor has come. Wrap the routes in `everyVersion`.
   * "ignored" (default): each event takes effect once, in the order of delivery.
   */
  readonly entityOrder?: "enforced" | "ignored";
  /** Records parked per group at most; one more is refused and goes to the DLQ. Default 1,000. */
  readonly maxParked?: number;
}

/** A message without a proper id cannot be deduplicated: permanent, so the record goes to the DLQ. */
export class UnidentifiedMessage extends Error {
  override readonly name = "UnidentifiedMessage";
  readonly permanent = true;
}

type Outcome = "handled" | "duplicate" | "stale" | "parked";

const duplicates = counter("inbox_duplicates_total");
const stale = counter("inbox_stale_total");

/**
 * The innermost middleware: opens one transaction, claims (group, event id), puts the transaction into
 * `context.tx`, runs the handler and commits inbox row, effects and outbox rows together. An event that
 * already took effect in this group stops here, counted. Must sit inside decode; throws what the
 * handler throws, having changed nothing.
 */
export function inbox(options: InboxOptions): Middleware {
  const { database } = options;
  const ordered = options.entityOrder === "enforced";
  return (next) => async (context) => {
    const message = messageOf(context);
    const version = ordered ? versionOf(message) : undefined;
    const { outcome, followed } = await database.transact(
      (tx) =>
        deliver(tx, { context, message, version, next, maxParked: options.maxParked ?? 1_000 }),
      { signal: context.signal },
    );
    if (outcome !== "handled") context.result = "skipped";
    if (outcome === "duplicate") duplicates.add(1, { group: context.group });
    if (outcome === "stale") stale.add(1, { group: context.group });
    if (version !== undefined && followed) {
      await deliverParked(database, { context, next, version });
    }
  };
}

interface Incoming {
  readonly context: DeliveryContext;
  readonly message: Message;
  readonly version: Versioned | undefined;
  readonly next: Delivery;
  readonly maxParked: number;
}

interface Delivered {
  readonly outcome: Outcome;
  /** A parked message may be due now. */
  readonly followed: boolean;
}

async function deliver(tx: Tx, incoming: Incoming): Promise<Delivered> {
  const { context, message, version, next } = incoming;
  const { group } = context;
  const { turn, parked } = await claim(tx, group, { eventId: message.id, version });
  // After a duplicate too: the delivery that handled it may have crashed before it looked.
  if (turn === "duplicate" || turn === "stale") return { outcome: turn, followed: true };
  if (turn === "early" && version !== undefined) {
    await releaseEvent(tx, group, message.id);
    await park(tx, { group, message, version, maxParked: incoming.maxParked });
    return { outcome: "parked", followed: false };
  }
  context.tx = tx;
  await next(context);
  return { outcome: "handled", followed: parked };
}

async function claim(
  tx: Tx,
  group: string,
  { eventId, version }: { eventId: string; version: Versioned | undefined },
): Promise<Claim> {
  if (version !== undefined) return claimInTurn(tx, group, { eventId, ...version });
  return { turn: (await claimEvent(tx, group, eventId)) ? "next" : "duplicate", parked: false };
}

/** Handles what was parked behind `version`, one transaction each, until the next gap. */
async function deliverParked(
  database: Database,
  { context, next, version }: Pick<Incoming, "context" | "next"> & { version: Versioned },
): Promise<void> {
  let delivered: boolean;
  do {
    delivered = await database.transact(
      async (tx) => {
        const message = await takeParked(tx, context.group, version);
        if (message === undefined) return false;
        if (!(await claimEvent(tx, context.group, message.id))) return true;
        await next({ ...context, record: message.record, message, tx });
        return true;
      },
      { signal: context.signal },
    );
  } while (delivered);
}

function messageOf({ message }: DeliveryContext): Message {
  if (message === undefined) throw new Error("Put the inbox inside decode: it needs a message");
  if (!uuid.test(message.id)) throw new UnidentifiedMessage("The event id is not a UUID");
  return message;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function claimEvent(tx: Tx, group: string, eventId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    {
      name: "inbox-claim",
      text: "INSERT INTO inbox (consumer_group, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    },
    [group, eventId],
  );
  return rowCount === 1;
}

async function releaseEvent(tx: Tx, group: string, eventId: string): Promise<void> {
  await tx.query("DELETE FROM inbox WHERE consumer_group = $1 AND event_id = $2", [group, eventId]);
}
