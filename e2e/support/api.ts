import { testStack } from "@holdfast/testkit";

/** The keys that a demo seeds. */
export const keys = { shop: "demo-shop", analyst: "demo-analyst", admin: "demo-admin" } as const;

/** A part of the suite that answers HTTP. */
export type ServiceName =
  | "order"
  | "payment"
  | "inventory"
  | "fraud-scoring"
  | "notification"
  | "operations"
  | "payment-provider";

export interface ApiRequest {
  readonly method?: "GET" | "POST" | "PUT";
  readonly key?: string;
  readonly idempotencyKey?: string;
  /** Sent as JSON, or as it is when it is text. */
  readonly body?: unknown;
}

export interface ApiResponse<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

function headersOf(request: ApiRequest): Record<string, string> {
  return {
    ...(request.key === undefined ? {} : { authorization: `Bearer ${request.key}` }),
    ...(request.idempotencyKey === undefined ? {} : { "idempotency-key": request.idempotencyKey }),
    ...(request.body === undefined ? {} : { "content-type": "application/json" }),
  };
}

const bodyOf = (body: unknown): string => (typeof body === "string" ? body : JSON.stringify(body));

/** Calls one service of the suite under test. Rejects only when nothing answers. */
export async function call<Body = unknown>(
  service: ServiceName,
  path: string,
  request: ApiRequest = {},
): Promise<ApiResponse<Body>> {
  const response = await fetch(new URL(path, testStack().address(service)), {
    method: request.method ?? (request.body === undefined ? "GET" : "POST"),
    headers: headersOf(request),
    ...(request.body === undefined ? {} : { body: bodyOf(request.body) }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  const body = (text === "" ? undefined : JSON.parse(text)) as Body;
  return { status: response.status, headers: response.headers, body };
}
