import type { RulesetActivated } from "@holdfast/contracts";
import type { Database } from "@holdfast/outbox";

/** A partition's rule set in force. */
export interface PartitionRuleset {
  readonly partition: number;
  readonly generation: number | null;
  readonly rulesetId: string | null;
}

/** What people said of one rule's hits, all partitions together. */
export interface RuleCounts {
  readonly ruleId: string;
  readonly version: number;
  readonly hits: number;
  readonly confirmed: number;
  readonly refuted: number;
}

/** A card's row. */
export interface CardRow {
  readonly partition: number;
  readonly state: Buffer;
  readonly watermark: number | null;
  readonly generation: number;
  readonly rulesetId: string;
  readonly lineage: Record<string, { generation: number; since: number }>;
  readonly files: RulesetActivated["files"];
}

/** Reading for people: what is committed, at most one commit interval old. */
export interface StateReader {
  rulesets(): Promise<PartitionRuleset[]>;
  pack(rulesetId: string): Promise<RulesetActivated["files"] | undefined>;
  ruleCounts(): Promise<RuleCounts[]>;
  card(fingerprint: string): Promise<CardRow | undefined>;
  /** The framed event as it is on the log; undefined when it is not kept here. */
  decision(decisionId: string): Promise<Buffer | undefined>;
  /** Newest first, from before the given event time and id. */
  decisionsOfCard(fingerprint: string, page: Page): Promise<Buffer[]>;
}

/** A page of decisions. */
export interface Page {
  readonly limit: number;
  /** Event time and id of the last decision of the page before. */
  readonly before?: { readonly occurredAt: number; readonly decisionId: string } | undefined;
}

const countsSql = `
  SELECT rule_id AS "ruleId", rule_version AS version, sum(hits)::bigint AS hits,
    sum(confirmed)::bigint AS confirmed, sum(refuted)::bigint AS refuted
  FROM rule_quality GROUP BY 1, 2 ORDER BY 1, 2`;

const cardSql = `
  SELECT c.partition, c.state, p.watermark, p.ruleset_generation AS generation,
    p.ruleset_id AS "rulesetId", p.lineage, r.files
  FROM card_state c JOIN partition_position p USING (partition) JOIN rule_pack r USING (ruleset_id)
  WHERE c.partition IN (SELECT partition FROM partition_position) AND c.card = $1`;

const decisionsSql = `
  SELECT payload FROM decision
  WHERE card = $1 AND (occurred_at, decision_id) < ($2, $3::uuid)
  ORDER BY occurred_at DESC, decision_id DESC LIMIT $4`;

const lastUuid = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/** Reads the scorer's tables for its HTTP routes. */
export function createStateReader({ read }: Pick<Database, "read">): StateReader {
  return {
    rulesets: async () => {
      const { rows } = await read(
        `SELECT partition, ruleset_generation AS generation, ruleset_id AS "rulesetId"
         FROM partition_position ORDER BY partition`,
      );
      return rows as PartitionRuleset[];
    },
    pack: async (rulesetId) => {
      const { rows } = await read("SELECT files FROM rule_pack WHERE ruleset_id = $1", [rulesetId]);
      return rows[0]?.["files"];
    },
    ruleCounts: async () => (await read(countsSql)).rows as RuleCounts[],
    card: async (fingerprint) => {
      const { rows } = await read(cardSql, [fingerprint]);
      return rows[0] as CardRow | undefined;
    },
    decision: async (decisionId) => {
      const text = "SELECT payload FROM decision WHERE decision_id = $1";
      return (await read(text, [decisionId])).rows[0]?.["payload"] as Buffer | undefined;
    },
    decisionsOfCard: async (fingerprint, { limit, before }) => {
      const at = before?.occurredAt ?? Number.MAX_SAFE_INTEGER;
      const id = before?.decisionId ?? lastUuid;
      const { rows } = await read(decisionsSql, [fingerprint, at, id, limit]);
      return rows.map((row) => row["payload"] as Buffer);
    },
  };
}
