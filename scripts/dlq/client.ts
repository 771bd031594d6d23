import type { EventServiceName } from "../command/services.ts";

/** A dead letter as the services describe it. */
export interface Letter {
  readonly id: string;
  readonly state: string;
  readonly eventType: string | null;
  readonly key: string | null;
  readonly errorClass: string;
  readonly errorMessage: string;
  readonly traceId: string | null;
  readonly firstFailedAt: string;
}

/** The /admin routes of every service. Rejects with the service's own words. */
export interface DlqClient {
  list(
    service: EventServiceName,
    options: { all: boolean; limit: number },
  ): Promise<readonly Letter[]>;
  show(service: EventServiceName, id: string): Promise<Readonly<Record<string, unknown>>>;
  settle(
    service: EventServiceName,
    settlement: {
      readonly verb: "redrive" | "discard";
      readonly ids: readonly string[];
      readonly reason: string | null;
    },
  ): Promise<void>;
}

/** A client of the running suite. */
export function createDlqClient(
  urls: Readonly<Record<EventServiceName, string>>,
  apiKey: string,
): DlqClient {
  const call = async (
    service: EventServiceName,
    path: string,
    body?: unknown,
  ): Promise<Response> => {
    const response = await fetch(`${urls[service]}/admin/${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    const said = problem["detail"] ?? problem["title"] ?? response.statusText;
    throw new Error(`${service} answers ${response.status}: ${String(said)}`);
  };
  return {
    list: async (service, { all, limit }) => {
      const response = await call(service, `dead-letters?all=${all}&limit=${limit}`);
      return ((await response.json()) as { items: Letter[] }).items;
    },
    show: async (service, id) =>
      (await (await call(service, `dead-letters/${id}`)).json()) as Record<string, unknown>,
    settle: async (service, { verb, ...decision }) => {
      await call(service, `dead-letters/${verb}`, decision);
    },
  };
}
