/** What each rule that asks for a decline may do in this period. */
export interface RuleStanding {
  readonly ruleId: string;
  /** `capped`: it has used up its declines; `demoted`: a person took its right to decline away. */
  readonly standing: "free" | "capped" | "demoted";
}

/** Reason code of a review that was a decline until the governor spoke. */
export const declineWithheld = "DECLINE_WITHHELD";

/** A rule that the scorer did not name; its declines are capped like any other's. */
export const unattributedRule = "unattributed";

/**
 * A decline stands as long as one of the rules behind it may decline; otherwise a person decides. There
 * is no third outcome: whatever an attacker does to a rule's cap, no payment is approved by it.
 */
export function temperDecline(rules: readonly RuleStanding[]): "DECLINE" | "REVIEW" {
  return rules.some(({ standing }) => standing === "free") ? "DECLINE" : "REVIEW";
}
