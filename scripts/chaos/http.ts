import { setTimeout as delay } from "node:timers/promises";

export interface Call {
  readonly method: "GET" | "POST" | "PUT";
  readonly url: string;
  readonly apiKey?: string;
  readonly idempotencyKey?: string;
  readonly body?: unknown;
}

/** Status 0: nobody answered. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const answerLimitMs = 5_000;
const longestPauseMs = 2_000;

/** One request, one answer; never rejects. */
export async function call({ method, url, apiKey, idempotencyKey, body }: Call): Promise<Answer> {
  const headers = {
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  try {
    const response = await fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerLimitMs),
    });
    return { status: response.status, body: parse(await response.text()) };
  } catch {
    return { status: 0, body: undefined };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const worthAnother = new Set([0, 429, 500, 502, 503]);

/** The same request again, under the same key, until it gets a lasting answer or the time is over. */
export async function callUntilAnswered(request: Call, limitMs: number): Promise<Answer[]> {
  const endsAt = performance.now() + limitMs;
  const answers: Answer[] = [];
  for (let pauseMs = 100; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    const answer = await call(request);
    answers.push(answer);
    const again = worthAnother.has(answer.status) || isStillRunning(answer);
    if (!again || performance.now() > endsAt) return answers;
    await delay(pauseMs);
  }
}

/** 409 to a key whose first request has not ended yet. */
export function isStillRunning({ status, body }: Answer): boolean {
  return status === 409 && textOf(body, "code").startsWith("idempotency");
}

/** A text member of a JSON object; empty when there is none. */
export function textOf(body: unknown, name: string): string {
  const value = memberOf(body, name);
  return typeof value === "string" ? value : "";
}

/** A member of a JSON object; undefined when there is none. */
export function memberOf(body: unknown, name: string): unknown {
  return typeof body === "object" && body !== null
    ? (body as Record<string, unknown>)[name]
    : undefined;
}
