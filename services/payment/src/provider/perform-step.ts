import type { Database, PerformTask, Settle } from "@holdfast/outbox";
import { counter, histogram, withSpan } from "@holdfast/telemetry";
import type { PaymentCommand } from "../domain/commands.ts";
import type { Payment } from "../domain/payment.ts";
import type { Payments, StepTask } from "../payments.ts";
import { findPayment } from "../store/payments.ts";
import {
  type Call,
  type PaymentProvider,
  type ProviderAnswer,
  type ProviderRequest,
  ProviderUnreachable,
} from "./provider.ts";

/** What carrying out a step needs. */
export interface StepOptions {
  readonly database: Database;
  readonly payments: Pick<Payments, "execute">;
  readonly provider: PaymentProvider;
  readonly clock: { now(): number };
  /** How long an authorisation may stay without an answer before the order is told no. */
  readonly providerLimitMs: number;
}

/** The provider refused what it cannot refuse: a person must look; the step is tried again meanwhile. */
export class ProviderContradiction extends Error {
  override readonly name = "ProviderContradiction";
}

const requests = counter("provider_requests_total");
const durations = histogram("provider_request_duration_seconds");

/**
 * Carries out one step with the provider. The task's key is the Idempotency-Key of every attempt. An
 * attempt without an answer leaves the result unknown, so the next one asks what became of the key
 * before it sends the same request again. The answer is recorded in the task's own transaction; an
 * answer that is recorded already changes nothing.
 */
export function createPerformStep(options: StepOptions): PerformTask<StepTask> {
  const { database, payments, provider, clock, providerLimitMs } = options;
  return async ({ key, payload, attempt, dueAt, signal }) => {
    const { paymentId } = payload;
    const found = await findPayment(database.read, paymentId);
    const request = found === undefined ? undefined : requestFor(payload, found.payment);
    if (request === undefined) return nothingToDo;
    try {
      const answer = await ask(provider, request, { key, signal, attempt, paymentId });
      const command = commandFor(payload, answer, clock.now());
      return async (tx) => {
        await payments.execute(tx, { paymentId }, command);
      };
    } catch (error) {
      const overdue = clock.now() - dueAt > providerLimitMs;
      if (error instanceof ProviderUnreachable && payload.step === "authorize" && overdue) {
        // The step stays owed: what the provider did must be known before it can be undone.
        const giveUp = { type: "AbandonAuthorization", at: clock.now() } as const;
        await database.transact((tx) => payments.execute(tx, { paymentId }, giveUp));
      }
      throw error;
    }
  };
}

const nothingToDo: Settle = async () => undefined;

/** The call that a step stands for; undefined when its answer has been recorded already. */
function requestFor(task: StepTask, { terms, state }: Payment): ProviderRequest | undefined {
  switch (task.step) {
    case "authorize": {
      if (state.status !== "authorizing" && state.status !== "abandoning") return undefined;
      const { amountMinor, currency, paymentMethodId, card, orderId } = terms;
      const { last4 } = card;
      const order = { amountMinor, currency, cardToken: paymentMethodId, last4 };
      return { step: "authorize", ...order, reference: orderId };
    }
    case "capture":
      if (state.status !== "capturing") return undefined;
      return { step: "capture", authorizationId: state.authorizationId };
    case "void":
      if (state.status !== "voiding") return undefined;
      return { step: "void", authorizationId: state.authorizationId };
    case "refund": {
      if (state.status !== "captured" || state.refund?.refundId !== task.refundId) return undefined;
      const { amountMinor } = state.refund;
      return { step: "refund", authorizationId: state.authorizationId, amountMinor };
    }
  }
}

function commandFor(task: StepTask, answer: ProviderAnswer, at: number): PaymentCommand {
  switch (task.step) {
    case "authorize":
      return {
        type: "RecordAuthorization",
        at,
        answer: answer.outcome === "refused" ? answer : { ...answer, outcome: "granted" },
      };
    case "capture":
      return {
        type: "RecordCapture",
        at,
        answer:
          answer.outcome === "refused"
            ? answer
            : { outcome: "captured", feeMinor: answer.feeMinor },
      };
    case "void":
      ensureCarriedOut(task, answer);
      return { type: "RecordVoid", at };
    case "refund":
      ensureCarriedOut(task, answer);
      return { type: "RecordRefund", at, refundId: task.refundId };
  }
}

function ensureCarriedOut({ step }: StepTask, answer: ProviderAnswer): void {
  if (answer.outcome === "succeeded") return;
  throw new ProviderContradiction(`The provider refused a ${step}: ${answer.code}`);
}

async function ask(
  provider: PaymentProvider,
  request: ProviderRequest,
  { attempt, paymentId, ...call }: Call & { attempt: number; paymentId: string },
): Promise<ProviderAnswer> {
  const { step } = request;
  const attributes = { "holdfast.payment_id": paymentId, "holdfast.attempt": attempt };
  return withSpan(`provider ${step}`, { attributes }, async () => {
    const beganAt = performance.now();
    let result: ProviderAnswer["outcome"] | "unknown" = "unknown";
    try {
      const known = attempt > 1 ? await provider.query(call) : undefined;
      const answer = known ?? (await provider.carryOut(request, call));
      result = answer.outcome;
      return answer;
    } finally {
      requests.add(1, { step, result });
      durations.record((performance.now() - beganAt) / 1000, { step });
    }
  });
}
