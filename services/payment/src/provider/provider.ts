import { currentTraceHeaders } from "@holdfast/telemetry";
import { z } from "zod";

/** What the provider is asked to do. Amounts are minor units of their currency. */
export type ProviderRequest =
  | {
      readonly step: "authorize";
      readonly amountMinor: number;
      readonly currency: string;
      /** Stands for the card; the number never leaves the vault. */
      readonly cardToken: string;
      readonly last4: string;
      /** The order, so that the provider's books can be read against ours. */
      readonly reference: string;
    }
  | { readonly step: "capture" | "void"; readonly authorizationId: string }
  | { readonly step: "refund"; readonly authorizationId: string; readonly amountMinor: number };

/** What the provider answered, once and for all. */
export type ProviderAnswer =
  | {
      readonly outcome: "succeeded";
      readonly authorizationId: string;
      /** What the provider keeps of a capture; 0 for the other steps. */
      readonly feeMinor: number;
    }
  | { readonly outcome: "refused"; readonly code: string };

/** How a call is made: its Idempotency-Key and when to give up. */
export interface Call {
  readonly key: string;
  readonly signal: AbortSignal;
}

/** No answer: whether the provider acted is unknown until it is queried by the key. */
export class ProviderUnreachable extends Error {
  override readonly name = "ProviderUnreachable";
  readonly transient = true;
}

/** The payment provider. Both calls throw ProviderUnreachable when there is no usable answer in time. */
export interface PaymentProvider {
  /** Asks; the same key always gets the same answer and is carried out once. */
  carryOut(request: ProviderRequest, call: Call): Promise<ProviderAnswer>;
  /** What was answered under the key; undefined when the provider has never acted on it. */
  query(call: Call): Promise<ProviderAnswer | undefined>;
}

const answerSchema = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("succeeded"),
    authorizationId: z.string().min(1),
    feeMinor: z.int().min(0).default(0),
  }),
  z.object({ outcome: z.literal("refused"), code: z.string().min(1) }),
]);

/** Speaks to a provider at `url`; waits at most `timeoutMs` for an answer. */
export function createHttpProvider(options: { url: string; timeoutMs: number }): PaymentProvider {
  const call = async (path: string, init: RequestInit, signal: AbortSignal): Promise<Response> => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
    try {
      const response = await fetch(new URL(path, options.url), { ...init, signal: within });
      // The body is part of the answer: one that breaks off in the middle is none.
      return new Response(await response.text(), { status: response.status });
    } catch (error) {
      throw new ProviderUnreachable("The provider did not answer", { cause: error });
    }
  };
  return {
    carryOut: async (request, { key, signal }) => {
      const { path, body } = messageOf(request);
      const headers = {
        "content-type": "application/json",
        "idempotency-key": key,
        ...currentTraceHeaders(),
      };
      const init = { method: "POST", headers, body: JSON.stringify(body) };
      return answerOf(await call(path, init, signal));
    },
    query: async ({ key, signal }) => {
      const response = await call(`/operations/${encodeURIComponent(key)}`, {}, signal);
      return response.status === 404 ? undefined : answerOf(response);
    },
  };
}

function messageOf(request: ProviderRequest): { path: string; body: object } {
  if (request.step === "authorize") {
    const { step: _, ...body } = request;
    return { path: "/authorizations", body };
  }
  const path = `/authorizations/${encodeURIComponent(request.authorizationId)}`;
  if (request.step !== "refund") return { path: `${path}/${request.step}`, body: {} };
  return { path: `${path}/refunds`, body: { amountMinor: request.amountMinor } };
}

async function answerOf(response: Response): Promise<ProviderAnswer> {
  if (response.ok || response.status === 402) {
    const parsed = answerSchema.safeParse(await response.json().catch(() => undefined));
    if (parsed.success) return parsed.data;
  }
  throw new ProviderUnreachable(`The provider answered ${response.status} and no result`);
}
