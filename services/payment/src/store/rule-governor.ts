import type { Query } from "@holdfast/outbox";

/** One row of the audit log of rules. */
export interface RuleIntervention {
  readonly ruleId: string;
  readonly action: "capped" | "demoted" | "restored";
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
}

/** A rule that has declined or been dealt with, in the present period. */
export interface GovernedRule {
  readonly ruleId: string;
  readonly declines: number;
  readonly demoted: boolean;
}

/** Counts one decline of a rule, unless its cap is used up; false then. */
export async function countDecline(
  query: Query,
  { ruleId, periodStart, cap }: { ruleId: string; periodStart: Date; cap: number },
): Promise<boolean> {
  if (cap === 0) return false;
  const { rowCount } = await query(
    `INSERT INTO rule_declines AS d (rule_id, period_start, declines) VALUES ($1, $2, 1)
     ON CONFLICT (rule_id, period_start) DO UPDATE SET declines = d.declines + 1
     WHERE d.declines < $3`,
    [ruleId, periodStart, cap],
  );
  return rowCount === 1;
}

/** Which of these rules a person has demoted. */
export async function demotedRules(
  query: Query,
  ruleIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await query<{ ruleId: string }>(
    `SELECT rule_id AS "ruleId" FROM (
       SELECT DISTINCT ON (rule_id) rule_id, action FROM rule_interventions
       WHERE action <> 'capped' AND rule_id = ANY ($1)
       ORDER BY rule_id, intervention_id DESC) AS latest
     WHERE action = 'demoted'`,
    [ruleIds],
  );
  return new Set(rows.map(({ ruleId }) => ruleId));
}

/** Writes down that a rule used up its cap; false when the period has that row already. */
export async function recordCapped(
  query: Query,
  { ruleId, periodStart, cap, at }: { ruleId: string; periodStart: Date; cap: number; at: Date },
): Promise<boolean> {
  const { rowCount } = await query(
    `INSERT INTO rule_interventions (rule_id, action, period_start, acted_by, reason, acted_at)
     VALUES ($1, 'capped', $2, 'governor', $3, $4) ON CONFLICT (rule_id, period_start) DO NOTHING`,
    [ruleId, periodStart, `${cap} declines in the period`, at],
  );
  return rowCount === 1;
}

/** Writes down what a person decided about a rule. */
export async function recordIntervention(
  query: Query,
  { ruleId, action, by, reason, at }: RuleIntervention,
): Promise<void> {
  await query(
    `INSERT INTO rule_interventions (rule_id, action, acted_by, reason, acted_at)
     VALUES ($1, $2, $3, $4, $5)`,
    [ruleId, action, by, reason, at],
  );
}

/** The rules that have declined in the period that began at `periodStart`, or are demoted. */
export async function governedRules(query: Query, periodStart: Date): Promise<GovernedRule[]> {
  const { rows } = await query<GovernedRule>(
    `SELECT coalesce(d.rule_id, l.rule_id) AS "ruleId", coalesce(d.declines, 0) AS declines,
       coalesce(l.action = 'demoted', false) AS demoted
     FROM (SELECT rule_id, declines FROM rule_declines WHERE period_start = $1) AS d
     FULL JOIN (SELECT DISTINCT ON (rule_id) rule_id, action FROM rule_interventions
       WHERE action <> 'capped' ORDER BY rule_id, intervention_id DESC) AS l USING (rule_id)
     WHERE d.rule_id IS NOT NULL OR l.action = 'demoted'
     ORDER BY 1`,
    [periodStart],
  );
  return rows;
}

/** The audit log, newest first. */
export async function listInterventions(query: Query, limit: number): Promise<RuleIntervention[]> {
  const { rows } = await query<RuleIntervention>(
    `SELECT rule_id AS "ruleId", action, acted_by AS "by", reason, acted_at AS "at"
     FROM rule_interventions ORDER BY intervention_id DESC LIMIT $1`,
    [limit],
  );
  return rows;
}
