import type { Database } from "./database.ts";
import type { DeliveryContext, Middleware } from "./delivery.ts";
import type { Tx } from "./transaction.ts";

/** What became of a record that did not reach its handler. */
export type InboxSkip = "duplicate" | "stale" | "parked";

/** Options of the inbox middleware. */
export interface InboxOptions {
  readonly database: Database;
  /** Called after the commit for each record that was skipped; for counting. */
  readonly onSkip?: (skip: InboxSkip, context: DeliveryContext) => void;
}

/** A message without an id cannot be deduplicated: permanent, so the record goes to the DLQ. */
export class UnidentifiedMessage extends Error {
  override readonly name = "UnidentifiedMessage";
  readonly permanent = true;
}

/**
 * The innermost middleware: opens one transaction, claims (group, event id), puts the transaction into
 * `context.tx`, runs the handler and commits inbox row, effects and outbox rows together. An event that
 * already took effect in this group stops here. Must sit inside decode; throws what the handler throws.
 */
export function inbox({ database, onSkip }: InboxOptions): Middleware {
  return (next) => async (context) => {
    const { message, group, signal } = context;
    if (message === undefined)
      throw new Error("The inbox needs a decoded message: put it inside decode");
    let duplicate = false;
    await database.transact(
      async (tx) => {
        duplicate = !(await claimEvent(tx, group, message.id));
        if (duplicate) return;
        context.tx = tx;
        await next(context);
      },
      { signal },
    );
    if (duplicate) onSkip?.("duplicate", context);
  };
}

/** Inserts the inbox row; false when the event already took effect in the group. */
export async function claimEvent(tx: Tx, group: string, eventId: string): Promise<boolean> {
  if (!uuid.test(eventId)) throw new UnidentifiedMessage("The event id is not a UUID");
  const { rowCount } = await tx.query(
    {
      name: "inbox-claim",
      text: `INSERT INTO inbox (consumer_group, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
    },
    [group, eventId],
  );
  return rowCount === 1;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
