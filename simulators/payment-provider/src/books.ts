import type { Answer, JournalEntry, OperationKind } from "./journal.ts";

/** What a merchant asks for. */
export type Operation =
  | {
      readonly kind: "authorize";
      readonly amountMinor: number;
      readonly currency: string;
      readonly last4: string;
    }
  | { readonly kind: "capture" | "void"; readonly authorizationId: string }
  | { readonly kind: "refund"; readonly authorizationId: string; readonly amountMinor: number };

/** One authorisation as the provider keeps it. */
interface Authorization {
  readonly amountMinor: number;
  readonly currency: string;
  capturedMinor: number;
  refundedMinor: number;
  voided: boolean;
}

/** Says why a new authorisation is refused, or null. */
export type RefusalRule = (operation: Operation) => string | null;

/** The provider's books: authorisations, and the answer to every key, rebuilt from the journal. */
export interface Books {
  /** Judges an operation without changing anything. */
  judge(operation: Operation, refusal: RefusalRule): Omit<Answer, "operationId">;
  /** Enters what was decided; the only way in which the books change. */
  enter(entry: JournalEntry): void;
  /** What was answered under a key. */
  answered(key: string): JournalEntry | undefined;
  /** Entries so far. */
  size(): number;
}

/** Empty books. */
export function createBooks(): Books {
  const entries = new Map<string, JournalEntry>();
  const authorizations = new Map<string, Authorization>();
  return {
    judge: (operation, refusal) => {
      const held =
        "authorizationId" in operation ? authorizations.get(operation.authorizationId) : undefined;
      const authorizationId = "authorizationId" in operation ? operation.authorizationId : null;
      const code = refusal(operation) ?? objectionTo(operation, held);
      const captures = operation.kind === "capture" && code === null;
      return {
        authorizationId,
        kind: operation.kind,
        outcome: code === null ? "succeeded" : "refused",
        feeMinor: captures ? feeOf(held?.amountMinor ?? 0) : 0,
        amountMinor:
          "amountMinor" in operation ? operation.amountMinor : (held?.amountMinor ?? null),
        currency: "currency" in operation ? operation.currency : (held?.currency ?? null),
        code,
      };
    },
    enter: (entry) => {
      entries.set(entry.key, entry);
      const { authorizationId, amountMinor, currency } = entry;
      if (entry.outcome === "refused") return;
      if (authorizationId === null || amountMinor === null || currency === null) return;
      const held = authorizations.get(authorizationId) ?? {
        amountMinor,
        currency,
        capturedMinor: 0,
        refundedMinor: 0,
        voided: false,
      };
      authorizations.set(authorizationId, held);
      move[entry.kind](held, amountMinor);
    },
    answered: (key) => entries.get(key),
    size: () => entries.size,
  };
}

const feePerMille = 15;

/** What the provider keeps of a capture, rounded down to whole minor units. */
function feeOf(amountMinor: number): number {
  return Math.floor((amountMinor * feePerMille) / 1000);
}

const move: Record<OperationKind, (held: Authorization, amountMinor: number) => void> = {
  authorize: () => undefined,
  capture: (held, amountMinor) => {
    held.capturedMinor = amountMinor;
  },
  void: (held) => {
    held.voided = true;
  },
  refund: (held, amountMinor) => {
    held.refundedMinor += amountMinor;
  },
};

function objectionTo(operation: Operation, held: Authorization | undefined): string | null {
  if (operation.kind === "authorize") return null;
  if (held === undefined) return "authorization_unknown";
  if (operation.kind === "refund") {
    const restMinor = held.capturedMinor - held.refundedMinor;
    return operation.amountMinor > restMinor ? "refund_exceeds_capture" : null;
  }
  if (held.voided) return "authorization_voided";
  return held.capturedMinor > 0 ? "authorization_captured" : null;
}
