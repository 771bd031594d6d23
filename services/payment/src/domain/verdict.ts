/** What the scorer said of this payment. */
export interface ScorerVerdict {
  readonly source: "SCORER";
  readonly outcome: "APPROVE" | "REVIEW" | "DECLINE";
  readonly decisionId: string;
  /** Reason codes of the rules that hit, highest score first. */
  readonly reasons: readonly string[];
}

/**
 * What payment's own policy says when no decision came in time. AWAIT: authorise, but capture only
 * after the real verdict. REVIEW: a person decides. A fallback never approves and never declines.
 */
export interface FallbackVerdict {
  readonly source: "FALLBACK";
  readonly outcome: "AWAIT" | "REVIEW";
}

/** The word that a payment rests on; a scorer's verdict replaces a fallback, never the reverse. */
export type Verdict = ScorerVerdict | FallbackVerdict;

/** The FraudDecided event behind a verdict; null under a fallback or before any verdict. */
export function decisionIdOf(verdict: Verdict | null): string | null {
  return verdict?.source === "SCORER" ? verdict.decisionId : null;
}

/** The reason codes behind a verdict; none under a fallback. */
export function reasonsOf(verdict: Verdict | null): readonly string[] {
  return verdict?.source === "SCORER" ? verdict.reasons : [];
}
