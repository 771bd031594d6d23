import type { Message, Route } from "@holdfast/messaging";
import type { Tx } from "./transaction.ts";

/** An entity's place in a topic and the version that an event gives it. */
export interface Versioned {
  readonly topic: string;
  readonly entityId: string;
  readonly version: number;
}

/** Whose turn it is: the version that is due, one that was before, one whose predecessor is missing. */
export type Turn = "next" | "stale" | "early";

/** The entity and version of a message; undefined for records that carry none. */
export function versionOf({ entityId, entityVersion, record }: Message): Versioned | undefined {
  if (entityId === null || entityVersion === null) return undefined;
  return { topic: record.topic, entityId, version: entityVersion };
}

/**
 * A route that takes every record of its topic, also of events it has no handler for: those advance
 * their entity's version and are otherwise skipped. Enforced order needs it; else each of them is a gap.
 */
export function everyVersion(route: Route): Route {
  return { ...route, wants: () => true };
}

/** Versions count from 1 without gaps within one topic and entity. */
export function turnOf(position: number, version: number): Turn {
  if (version <= position) return "stale";
  return version === position + 1 ? "next" : "early";
}

/** What became of a claim. */
export interface Claim {
  readonly turn: Turn | "duplicate";
  /** A record of the entity was parked at some time; a duplicate does not know and says that one was. */
  readonly parked: boolean;
}

/**
 * Claims (group, event id) and moves the group's position of the entity to the event's version when that
 * is due. The position stays locked until the transaction ends, so two deliveries of one entity take
 * turns. An event that was claimed before moves nothing.
 */
export async function claimInTurn(
  tx: Tx,
  group: string,
  event: Versioned & { readonly eventId: string },
): Promise<Claim> {
  const { topic, entityId, version, eventId } = event;
  const statement = version === 1 ? claimFirst : claimLater;
  const values = [group, eventId, topic, entityId, version];
  const { rows } = await tx.query<{ claimed: boolean; parked: boolean | null }>(statement, values);
  const { claimed, parked } = rows[0] ?? { claimed: false, parked: null };
  if (!claimed) return { turn: "duplicate", parked: true };
  if (parked !== null) return { turn: "next", parked };
  return takeTurn(tx, group, event);
}

const claimFirst = {
  name: "inbox-claim-first",
  text: claiming(`
    INSERT INTO inbox_entity_positions AS p (consumer_group, topic, entity_id, version)
    SELECT consumer_group, $3::text, $4::text, $5::bigint FROM claimed
    ON CONFLICT (consumer_group, topic, entity_id)
    DO UPDATE SET version = excluded.version WHERE p.version = excluded.version - 1
    RETURNING parked`),
};

// A join and no EXISTS: after a wait for the position's lock Postgres looks at the row again, and could not
// look at the insert again.
const claimLater = {
  name: "inbox-claim-later",
  text: claiming(`
    UPDATE inbox_entity_positions p SET version = $5::bigint FROM claimed
    WHERE p.consumer_group = claimed.consumer_group AND topic = $3 AND entity_id = $4
      AND version = $5::bigint - 1
    RETURNING parked`),
};

function claiming(advance: string): string {
  return `WITH claimed AS (
      INSERT INTO inbox (consumer_group, event_id) VALUES ($1, $2)
      ON CONFLICT DO NOTHING RETURNING consumer_group
    ), advanced AS (${advance})
    SELECT EXISTS (SELECT FROM claimed) AS claimed, (SELECT parked FROM advanced) AS parked`;
}

/** Moves the group's position of an entity to the version when it is due, and says whether it was. */
export async function advanceEntity(tx: Tx, group: string, event: Versioned): Promise<Turn> {
  return (await takeTurn(tx, group, event)).turn;
}

async function takeTurn(
  tx: Tx,
  group: string,
  event: Versioned,
): Promise<{ readonly turn: Turn; readonly parked: boolean }> {
  const { topic, entityId, version } = event;
  const position = await lockPosition(tx, group, event);
  const turn = turnOf(position.version, version);
  if (turn === "next") {
    await tx.query(
      {
        name: "inbox-advance",
        text: `UPDATE inbox_entity_positions SET version = $4
          WHERE consumer_group = $1 AND topic = $2 AND entity_id = $3`,
      },
      [group, topic, entityId, version],
    );
  }
  return { turn, parked: position.parked };
}

async function lockPosition(
  tx: Tx,
  group: string,
  { topic, entityId }: Versioned,
): Promise<{ readonly version: number; readonly parked: boolean }> {
  const { rows } = await tx.query<{ version: number; parked: boolean }>(
    {
      name: "inbox-lock-position",
      text: `INSERT INTO inbox_entity_positions AS p (consumer_group, topic, entity_id, version)
        VALUES ($1, $2, $3, 0) ON CONFLICT (consumer_group, topic, entity_id)
        DO UPDATE SET version = p.version RETURNING version, parked`,
    },
    [group, topic, entityId],
  );
  return rows[0] ?? { version: 0, parked: false };
}
