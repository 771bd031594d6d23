import { setTimeout as delay } from "node:timers/promises";
import { readGroups, withDatabase } from "@holdfast/testkit";
import { services } from "../command/services.ts";
import type { Suite } from "../command/suite.ts";

const lookEveryMs = 500;
const quietLooks = 2;

/** How the suite came to rest. */
export interface Rest {
  readonly tookMs: number;
  /** What was still moving when the time was over; empty when the suite is at rest. */
  readonly unrest: readonly string[];
}

/**
 * Waits until nothing moves any more, at two looks in a row, or until the time is over. `onUnrest` is
 * told what still moves, whenever that has changed.
 */
export async function quiesce(
  suite: Suite,
  limitMs: number,
  onUnrest: (unrest: readonly string[]) => void = () => undefined,
): Promise<Rest> {
  const beganAt = performance.now();
  let unrest: readonly string[] = [];
  for (let quiet = 0; ; ) {
    const before = unrest.join();
    unrest = await unrestOf(suite);
    if (unrest.join() !== before) onUnrest(unrest);
    quiet = unrest.length === 0 ? quiet + 1 : 0;
    const tookMs = Math.round(performance.now() - beganAt);
    if (quiet >= quietLooks || tookMs > limitMs) return { tookMs, unrest };
    await delay(lookEveryMs);
  }
}

/** Rows of a database that are not there when the suite is at rest. */
interface Leftover {
  readonly database: string;
  readonly what: string;
  /** From where to count. */
  readonly rows: string;
}

const UNPUBLISHED = `outbox WHERE lsn >= coalesce((SELECT confirmed_flush_lsn
  FROM pg_replication_slots WHERE slot_name = 'holdfast_outbox_' || current_database()), '0/0')`;

const leftovers: readonly Leftover[] = [
  ...["order", "payment", "inventory"].map((database) => ({
    database,
    what: `outbox rows of ${database} not published`,
    rows: UNPUBLISHED,
  })),
  ...["order", "inventory"].map((database) => ({
    database,
    what: `records parked in ${database}`,
    rows: "inbox_parked",
  })),
  {
    database: "order",
    what: "orders under way",
    rows: "orders WHERE saga = 'accepted' OR (saga = 'pending' AND payment <> 'held')",
  },
  {
    database: "payment",
    what: "steps owed to the provider",
    rows: "work_queue WHERE queue = 'payment-steps'",
  },
  {
    database: "notification",
    what: "notifications not delivered",
    rows: "notifications WHERE delivered_at IS NULL",
  },
];

async function unrestOf(suite: Suite): Promise<string[]> {
  const looks = [
    ...services.map((service) => unready(suite, service)),
    ...leftovers.map((leftover) => left(suite, leftover)),
    behind(suite),
  ];
  return (await Promise.all(looks.map(orReason))).flat();
}

/** What cannot be asked is not at rest. */
function orReason(look: Promise<string[]>): Promise<string[]> {
  return look.catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
}

async function unready(suite: Suite, service: string): Promise<string[]> {
  const { ok } = await fetch(`${suite.url(service)}/readyz`, {
    signal: AbortSignal.timeout(5_000),
  });
  return ok ? [] : [`${service} is not ready`];
}

async function behind({ kafka }: Suite): Promise<string[]> {
  const groups = await readGroups(kafka);
  return groups
    .filter(({ committed, end }) => BigInt(committed) < BigInt(end))
    .map(({ group, topic, partition, committed, end }) => {
      return `${group} is behind on ${topic}-${partition}: ${committed} of ${end}`;
    });
}

function left(suite: Suite, { database, what, rows: from }: Leftover): Promise<string[]> {
  return withDatabase(suite.postgresAdminUrl, database, async (rows) => {
    const [found] = await rows<{ count: number }>(`SELECT count(*) AS count FROM ${from}`);
    return found === undefined || found.count === 0 ? [] : [`${found.count} ${what}`];
  });
}
