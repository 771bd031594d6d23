import type { FraudDecided } from "@holdfast/contracts";
import type { Tx } from "@holdfast/outbox";
import { counter, type Logger } from "@holdfast/telemetry";
import { type RuleStanding, temperDecline, unattributedRule } from "./domain/tempered-verdict.ts";
import { countDecline, demotedRules, recordCapped } from "./store/rule-governor.ts";

/** How far one rule may go before people must look. */
export interface DeclineCap {
  /** Declines of one rule in one period. */
  readonly declines: number;
  readonly periodMs: number;
}

/** Bounds the harm of a rule that has gone wrong: beyond its cap, its declines become reviews. */
export interface Governor {
  /** What becomes of a decision that says DECLINE. Call it once per payment, in its transaction. */
  temper(tx: Tx, decision: FraudDecided): Promise<"DECLINE" | "REVIEW">;
}

const withheld = counter("decline_cap_reached_total");

/** Makes the governor. It counts in Postgres, so restarts and several instances share one count. */
export function createGovernor(options: {
  readonly cap: DeclineCap;
  readonly clock: { now(): number };
  readonly logger: Logger;
}): Governor {
  const { cap, clock, logger } = options;
  return {
    temper: async (tx, decision) => {
      const at = clock.now();
      const periodStart = periodStartOf(at, cap);
      const rules = decliningRules(decision);
      const demoted = await demotedRules(tx.query, rules);
      const standings: RuleStanding[] = [];
      // In one order always, so that two decisions never wait for each other's rows.
      for (const ruleId of rules) {
        const standing = demoted.has(ruleId)
          ? "demoted"
          : (await countDecline(tx.query, { ruleId, periodStart, cap: cap.declines }))
            ? "free"
            : "capped";
        standings.push({ ruleId, standing });
      }
      const outcome = temperDecline(standings);
      for (const { ruleId, standing } of standings) {
        if (standing !== "capped") continue;
        const isFirst = await recordCapped(tx.query, {
          ruleId,
          periodStart,
          cap: cap.declines,
          at: new Date(at),
        });
        tx.afterCommit(() => {
          if (outcome === "REVIEW") withheld.add(1, { rule: ruleId });
          if (isFirst) logger.error({ ruleId, limit: cap.declines }, capReached);
        });
      }
      return outcome;
    },
  };
}

const capReached = "A rule has used up its declines; until the period ends they become reviews";

/** When the period began that `at` lies in. */
export function periodStartOf(at: number, { periodMs }: DeclineCap): Date {
  return new Date(at - (at % periodMs));
}

function decliningRules({ rules }: FraudDecided): string[] {
  const ids = rules
    .filter(
      ({ mode, result, action }) => mode !== "SHADOW" && result === "HIT" && action === "DECLINE",
    )
    .map(({ ruleId }) => ruleId);
  return ids.length === 0 ? [unattributedRule] : [...new Set(ids)].sort();
}
