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

/**
 * Moves the group's position of an entity to the version when it is due, and says whether it was. The
 * position stays locked until the transaction ends, so two deliveries of one entity take turns.
 */
export async function advanceEntity(tx: Tx, group: string, event: Versioned): Promise<Turn> {
  if (await advance(tx, group, event)) return "next";
  const turn = turnOf(await lockPosition(tx, group, event), event.version);
  // The predecessor may have committed while we waited for the lock.
  if (turn === "next") await advance(tx, group, event);
  return turn;
}

async function advance(
  tx: Tx,
  group: string,
  { topic, entityId, version }: Versioned,
): Promise<boolean> {
  const first = {
    name: "inbox-first-version",
    text: `INSERT INTO inbox_entity_positions AS p (consumer_group, topic, entity_id, version)
      VALUES ($1, $2, $3, $4) ON CONFLICT (consumer_group, topic, entity_id)
      DO UPDATE SET version = $4 WHERE p.version = $4 - 1`,
  };
  const later = {
    name: "inbox-later-version",
    text: `UPDATE inbox_entity_positions SET version = $4
      WHERE consumer_group = $1 AND topic = $2 AND entity_id = $3 AND version = $4 - 1`,
  };
  const { rowCount } = await tx.query(version === 1 ? first : later, [
    group,
    topic,
    entityId,
    version,
  ]);
  return rowCount === 1;
}

async function lockPosition(
  tx: Tx,
  group: string,
  { topic, entityId }: Versioned,
): Promise<number> {
  const { rows } = await tx.query<{ version: number }>(
    `INSERT INTO inbox_entity_positions AS p (consumer_group, topic, entity_id, version)
     VALUES ($1, $2, $3, 0) ON CONFLICT (consumer_group, topic, entity_id)
     DO UPDATE SET version = p.version RETURNING version`,
    [group, topic, entityId],
  );
  return rows[0]?.version ?? 0;
}
