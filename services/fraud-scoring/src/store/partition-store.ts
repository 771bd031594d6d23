import type { Lineage } from "@holdfast/cep";
import type { RulesetActivated } from "@holdfast/contracts";
import type { Database } from "@holdfast/outbox";
import {
  byteaArray,
  int4Array,
  int8Array,
  packedByteaArray,
  textArray,
  uuidArray,
} from "./binary-array.ts";
import { shareLoads } from "./shared-loads.ts";

/** A partition's row when it was taken over. */
export interface TakenOver {
  readonly epoch: number;
  readonly nextOffset: number;
  readonly watermark: number | null;
  readonly ruleset: StoredRuleset | null;
}

/** A rule set as it is stored. */
export interface StoredRuleset {
  readonly generation: number;
  readonly rulesetId: string;
  readonly files: RulesetActivated["files"];
  readonly lineage: Lineage;
}

/** A card as it is stored. */
export interface StoredCard {
  readonly card: string;
  readonly state: Buffer;
}

/** What one load brought, with the fence as it was in the same instant. */
export interface Loaded {
  readonly epoch: number;
  readonly nextOffset: number;
  readonly cards: readonly StoredCard[];
  /** Every stored timer up to this time is among them; null when none was asked for. */
  readonly allDueUpTo: number | null;
}

/** What to load. */
export interface Wanted {
  readonly partition: number;
  readonly cards: readonly string[];
  /** Cards waiting for this event time or less come too; null for none. */
  readonly dueUpTo: number | null;
  /** Except those waiting for this time or less; null for no exception. */
  readonly dueAfter: number | null;
  /** Not many more of those than these. */
  readonly maxDue: number;
}

/** Everything that one commit changes. */
export interface StateChange {
  readonly partition: number;
  readonly epoch: number;
  readonly fromOffset: number;
  readonly nextOffset: number;
  readonly watermark: number | null;
  /** Only when it changed. */
  readonly ruleset: StoredRuleset | null;
  readonly cards: readonly CardChange[];
  readonly decisions: readonly DecisionRow[];
  readonly quality: readonly QualityChange[];
}

export interface CardChange {
  readonly card: string;
  /** A byte a character. */
  readonly state: string;
  readonly nextTimerAt: number | null;
  readonly forgetAfter: number;
}

/** A decision as it lies on the log. */
export interface DecisionRow {
  readonly decisionId: string;
  readonly inputOffset: number;
  readonly card: string;
  readonly occurredAt: number;
  readonly payload: Buffer;
}

export interface QualityChange {
  readonly ruleId: string;
  readonly version: number;
  readonly hits: number;
  readonly confirmed: number;
  readonly refuted: number;
}

/** How far a partition is written. */
export interface Position {
  readonly partition: number;
  readonly nextOffset: number;
}

/** The fence and the state of partitions. Every function throws PostgresUnavailable when it must wait. */
export interface PartitionStore {
  /** Becomes the owner: older owners can write nothing from here on. */
  takeOver(partition: number): Promise<TakenOver>;
  /** Reads cards and the fence in one statement, which other partitions' loads of this turn may share. */
  load(wanted: Wanted): Promise<Loaded>;
  /** Writes all or, under a foreign epoch or from an unexpected offset, nothing: then false. */
  write(change: StateChange): Promise<boolean>;
  /** Those of the positions that were reached, and that no crash of the server takes back. */
  durable(positions: readonly Position[]): Promise<ReadonlySet<number>>;
  /** The fence alone. */
  position(partition: number): Promise<{ epoch: number; nextOffset: number }>;
}

// The one write that waits for the disk: a crash of the server that took an epoch back could give two
// owners the same one.
const takeOverSql = `
  INSERT INTO partition_position AS p (partition, epoch, next_offset)
  SELECT $1::int, 1, 0 FROM (SELECT set_config('synchronous_commit', 'on', true)) durable
  ON CONFLICT (partition) DO UPDATE SET epoch = p.epoch + 1
  RETURNING epoch, next_offset, watermark, ruleset_generation, ruleset_id, lineage,
    (SELECT files FROM rule_pack r WHERE r.ruleset_id = p.ruleset_id) AS files`;

// One row at least per wanted partition that there is: the fence.
const loadSql = `
  SELECT w.number, p.epoch, p.next_offset, c.card, c.state, c.due_at
  FROM unnest($1::int[], $2::int[], $3::bigint[], $7::bigint[])
    w(number, partition, due_up_to, due_after)
  JOIN partition_position p ON p.partition = w.partition
  LEFT JOIN LATERAL (
    SELECT s.card, s.state, NULL::bigint AS due_at
    FROM unnest($4::int[], $5::text[]) k(number, card)
    JOIN card_state s ON s.partition = w.partition AND s.card = k.card
    WHERE k.number = w.number
    UNION ALL
    (SELECT s.card, s.state, s.next_timer_at FROM card_state s
     WHERE s.partition = w.partition AND s.next_timer_at <= w.due_up_to
       AND s.next_timer_at > coalesce(w.due_after, -9223372036854775808)
     ORDER BY s.next_timer_at, s.card COLLATE "C" LIMIT $6)
  ) c ON true`;

// One statement is one transaction and one round trip. The row lock of the position orders it with
// a take-over; after waiting, the condition is checked again on the new row.
const writeSql = `
  WITH fence AS (
    UPDATE partition_position
    SET next_offset = $4, watermark = $5, ruleset_generation = coalesce($6, ruleset_generation),
      ruleset_id = coalesce($7, ruleset_id), lineage = coalesce($8::jsonb, lineage)
    WHERE partition = $1 AND epoch = $2 AND next_offset = $3
    RETURNING partition
  ), pack AS (
    INSERT INTO rule_pack (ruleset_id, files)
    SELECT $7::text, $9::jsonb FROM fence WHERE $7::text IS NOT NULL ON CONFLICT DO NOTHING
  ), cards AS (
    INSERT INTO card_state (partition, card, state, next_timer_at, forget_after)
    SELECT fence.partition, c.* FROM fence,
      unnest($10::text[], $11::bytea[], $12::bigint[], $13::bigint[]) c
    ON CONFLICT (partition, card) DO UPDATE SET state = excluded.state,
      next_timer_at = excluded.next_timer_at, forget_after = excluded.forget_after
  ), decisions AS (
    INSERT INTO decision (decision_id, partition, input_offset, card, occurred_at, payload)
    SELECT d.id, fence.partition, d.input_offset, d.card, d.occurred_at, d.payload FROM fence,
      unnest($14::uuid[], $15::bigint[], $16::text[], $17::bigint[], $18::bytea[])
        d(id, input_offset, card, occurred_at, payload)
    ON CONFLICT DO NOTHING
  ), quality AS (
    INSERT INTO rule_quality AS q (partition, rule_id, rule_version, hits, confirmed, refuted)
    SELECT fence.partition, r.* FROM fence,
      unnest($19::text[], $20::int[], $21::bigint[], $22::bigint[], $23::bigint[]) r
    ON CONFLICT (partition, rule_id, rule_version) DO UPDATE SET hits = q.hits + excluded.hits,
      confirmed = q.confirmed + excluded.confirmed, refuted = q.refuted + excluded.refuted
  )
  SELECT count(*)::int AS fences FROM fence`;

// The commit of this statement waits for the disk, and with it everything that it saw.
const durableSql = `
  WITH synced AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'on', true), pg_logical_emit_message(true, 'durable', '')
  )
  SELECT p.partition FROM synced, unnest($1::int[], $2::bigint[]) w(partition, next_offset)
  JOIN partition_position p ON p.partition = w.partition AND p.next_offset >= w.next_offset`;

/** The scorer's state in Postgres; see migrations/0001_card_state.sql. */
export function createPartitionStore(database: Database): PartitionStore {
  const run = async (name: string, text: string, values: unknown[]) => {
    const { rows } = await database.read({ name, text, values } as never);
    return rows as Record<string, unknown>[];
  };
  return {
    takeOver: async (partition) => takenOver(await run("take_over", takeOverSql, [partition])),
    load: shareLoads(async (wanted) => {
      const maxDue = Math.max(...wanted.map((one) => one.maxDue));
      return loaded(await run("load_cards", loadSql, loadValues(wanted, maxDue)), wanted, maxDue);
    }),
    write: async (change) => {
      const [row] = await run("write_state", writeSql, writeValues(change));
      return row?.["fences"] === 1;
    },
    durable: async (positions) => {
      const rows = await run("durable_positions", durableSql, [
        int4Array(positions.map(({ partition }) => partition)),
        int8Array(positions.map(({ nextOffset }) => nextOffset)),
      ]);
      return new Set(rows.map((row) => row["partition"] as number));
    },
    position: async (partition) => {
      const text = "SELECT epoch, next_offset FROM partition_position WHERE partition = $1";
      const [row] = await run("read_position", text, [partition]);
      return fenceOf(row as FenceRow | undefined);
    },
  };
}

interface PositionRow {
  epoch: number;
  next_offset: number;
  watermark: number | null;
  ruleset_generation: number | null;
  ruleset_id: string | null;
  lineage: Lineage | null;
  files: RulesetActivated["files"] | null;
}

function takenOver(rows: Record<string, unknown>[]): TakenOver {
  const row = rows[0] as unknown as PositionRow;
  const { ruleset_generation: generation, ruleset_id: rulesetId, files, lineage } = row;
  const isActive = generation !== null && rulesetId !== null && files !== null;
  const ruleset = isActive ? { generation, rulesetId, files, lineage: lineage ?? {} } : null;
  return { epoch: row.epoch, nextOffset: row.next_offset, watermark: row.watermark, ruleset };
}

interface FenceRow {
  epoch: number;
  next_offset: number;
}

/** Of a partition that there is no row of, what no owner expects. */
function fenceOf(row: FenceRow | undefined): { epoch: number; nextOffset: number } {
  return { epoch: row?.epoch ?? -1, nextOffset: row?.next_offset ?? -1 };
}

function loadValues(wanted: readonly Wanted[], maxDue: number): unknown[] {
  const keys = wanted.flatMap(({ cards }, number) => cards.map((card) => ({ number, card })));
  return [
    int4Array(wanted.map((_, number) => number)),
    int4Array(wanted.map(({ partition }) => partition)),
    int8Array(wanted.map(({ dueUpTo }) => dueUpTo)),
    int4Array(keys.map(({ number }) => number)),
    textArray(keys.map(({ card }) => card)),
    maxDue,
    int8Array(wanted.map(({ dueAfter }) => dueAfter)),
  ];
}

interface CardRow extends FenceRow {
  number: number;
  card: string | null;
  state: Buffer;
  due_at: number | null;
}

/** What each load brought, of `maxDue` timers at most. */
function loaded(rows: readonly unknown[], wanted: readonly Wanted[], maxDue: number): Loaded[] {
  const found = wanted.map(() => ({
    fence: undefined as FenceRow | undefined,
    cards: [] as StoredCard[],
    due: [] as number[],
  }));
  for (const row of rows as readonly CardRow[]) {
    const one = found[row.number];
    if (one === undefined) continue;
    one.fence = row;
    const { card, state, due_at: dueAt } = row;
    if (card === null) continue;
    one.cards.push({ card, state });
    if (dueAt !== null) one.due.push(dueAt);
  }
  return found.map(({ fence, cards, due }, number) => ({
    ...fenceOf(fence),
    cards,
    allDueUpTo: allUpTo(due, wanted[number]?.dueUpTo ?? null, maxDue),
  }));
}

/** Up to which time `due`, the first `maxDue` timers up to `wanted`, are all that there are. */
export function allUpTo(
  due: readonly number[],
  wanted: number | null,
  maxDue: number,
): number | null {
  if (due.length < maxDue) return wanted;
  return due.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) - 1;
}

function writeValues(change: StateChange): unknown[] {
  const { ruleset, cards, decisions, quality } = change;
  return [
    ...[change.partition, change.epoch, change.fromOffset, change.nextOffset, change.watermark],
    ruleset?.generation ?? null,
    ruleset?.rulesetId ?? null,
    ruleset === null ? null : JSON.stringify(ruleset.lineage),
    ruleset === null ? null : JSON.stringify(ruleset.files),
    textArray(cards.map(({ card }) => card)),
    packedByteaArray(cards.map(({ state }) => state)),
    int8Array(cards.map(({ nextTimerAt }) => nextTimerAt)),
    int8Array(cards.map(({ forgetAfter }) => forgetAfter)),
    uuidArray(decisions.map(({ decisionId }) => decisionId)),
    int8Array(decisions.map(({ inputOffset }) => inputOffset)),
    textArray(decisions.map(({ card }) => card)),
    int8Array(decisions.map(({ occurredAt }) => occurredAt)),
    byteaArray(decisions.map(({ payload }) => payload)),
    textArray(quality.map(({ ruleId }) => ruleId)),
    int4Array(quality.map(({ version }) => version)),
    int8Array(quality.map(({ hits }) => hits)),
    int8Array(quality.map(({ confirmed }) => confirmed)),
    int8Array(quality.map(({ refuted }) => refuted)),
  ];
}
