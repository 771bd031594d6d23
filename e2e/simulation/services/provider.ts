import {
  type PaymentProvider,
  type ProviderAnswer,
  type ProviderRequest,
  ProviderUnreachable,
} from "../../../services/payment/src/provider/provider.ts";
import {
  type Books,
  createBooks,
  type Operation,
} from "../../../simulators/payment-provider/src/books.ts";
import type { JournalEntry } from "../../../simulators/payment-provider/src/journal.ts";
import type { SimulatedProcess } from "../world/process.ts";
import type { Scheduler } from "../world/scheduler.ts";

/** How the provider misbehaves. */
export interface ProviderFaults {
  /** Share of requests that fail before anything happens. */
  readonly errorRate: number;
  /** Share of requests that are carried out and never answered. */
  readonly silenceRate: number;
  /** Share of authorisations and captures that are refused. */
  readonly refusalRate: number;
}

/** What is left waiting is given up after this; it may still be carried out then, or later. */
const timeoutMs = 2_000;

/** The payment provider: the simulator's own books, behind a network that loses and delays. */
export class SimulatedProvider {
  readonly journal: JournalEntry[] = [];
  readonly #books: Books = createBooks();
  readonly #scheduler: Scheduler;
  readonly #faults: ProviderFaults;

  constructor(scheduler: Scheduler, faults: ProviderFaults) {
    this.#scheduler = scheduler;
    this.#faults = faults;
  }

  /** The provider as one process of payment reaches it. */
  reachedBy(process: SimulatedProcess): PaymentProvider {
    return {
      carryOut: async (request, { key }) => {
        await process.turn();
        if (this.#scheduler.chance(this.#faults.errorRate)) throw new ProviderUnreachable("503");
        if (this.#scheduler.chance(this.#faults.silenceRate)) {
          // Whenever the request arrives, the one who asked does not hear of it.
          const arrivesMs = this.#scheduler.random() * 2 * timeoutMs;
          this.#scheduler.later(arrivesMs, () => this.#carryOut(request, key));
          await process.pause(timeoutMs);
          throw new ProviderUnreachable("The provider did not answer");
        }
        const answer = this.#carryOut(request, key);
        await process.turn();
        return answer;
      },
      query: async ({ key }) => {
        await process.turn();
        if (this.#scheduler.chance(this.#faults.errorRate)) throw new ProviderUnreachable("503");
        const entry = this.#books.answered(key);
        await process.turn();
        return entry === undefined ? undefined : answerOf(entry);
      },
    };
  }

  #carryOut(request: ProviderRequest, key: string): ProviderAnswer {
    const fingerprint = JSON.stringify(request);
    const known = this.#books.answered(key);
    if (known !== undefined) {
      if (known.fingerprint !== fingerprint) throw new ProviderUnreachable("422: key reused");
      return answerOf(known);
    }
    const operation = operationOf(request);
    const judged = this.#books.judge(operation, ({ kind }) => this.#refusal(kind));
    const sequence = this.journal.length + 1;
    const granted = operation.kind === "authorize" && judged.outcome === "succeeded";
    const entry: JournalEntry = {
      sequence,
      at: new Date(this.#scheduler.nowMs).toISOString(),
      key,
      fingerprint,
      reference: request.step === "authorize" ? request.reference : null,
      operationId: `op_${sequence}`,
      ...judged,
      authorizationId: granted ? `auth_${sequence}` : judged.authorizationId,
    };
    this.#books.enter(entry);
    this.journal.push(entry);
    return answerOf(entry);
  }

  #refusal(kind: Operation["kind"]): string | null {
    if (kind !== "authorize" && kind !== "capture") return null;
    return this.#scheduler.chance(this.#faults.refusalRate) ? "insufficient_funds" : null;
  }
}

function operationOf(request: ProviderRequest): Operation {
  switch (request.step) {
    case "authorize": {
      const { amountMinor, currency, last4 } = request;
      return { kind: "authorize", amountMinor, currency, last4 };
    }
    case "refund": {
      const { authorizationId, amountMinor } = request;
      return { kind: "refund", authorizationId, amountMinor };
    }
    default:
      return { kind: request.step, authorizationId: request.authorizationId };
  }
}

function answerOf({ outcome, authorizationId, feeMinor, code }: JournalEntry): ProviderAnswer {
  return outcome === "refused"
    ? { outcome, code: code ?? "refused" }
    : { outcome, authorizationId: authorizationId ?? "", feeMinor };
}
