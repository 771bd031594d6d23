import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type Latency, summary } from "./latency.ts";

/** How transactions that wait for their decisions fare. */
export interface Requests extends Latency {
  /** Answers that held the decision. */
  readonly decided: number;
  /** Answers that said where it would be. */
  readonly pending: number;
  readonly failed: number;
}

/** POST /transactions:score at a fixed rate, each measured from the time at which it was meant to be sent. */
export async function measureRequests(
  url: string,
  { perSecond, seconds, cards }: { perSecond: number; seconds: number; cards: number },
): Promise<Requests> {
  const total = Math.floor(perSecond * seconds);
  const latencies: number[] = [];
  const statuses: number[] = [];
  const startedAt = performance.now();
  const ask = async (index: number) => {
    statuses.push(await score(url, index, cards));
    latencies.push(performance.now() - (startedAt + (index * 1000) / perSecond));
  };
  const asked: Promise<void>[] = [];
  while (asked.length < total) {
    const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1000) + 1;
    while (asked.length < Math.min(due, total)) asked.push(ask(asked.length));
    await pause(1);
  }
  await Promise.all(asked);
  const count = (status: number) => statuses.filter((one) => one === status).length;
  const [decided, pending] = [count(200), count(202)];
  const failed = total - decided - pending;
  return { ...summary(perSecond, latencies), decided, pending, failed };
}

/** The status of the answer; 0 when there was none. */
async function score(url: string, index: number, cards: number): Promise<number> {
  const body = {
    transactionId: `request-${index}`,
    customerId: `cust_${index % cards}`,
    cardFingerprint: `fp_request_${index % cards}`,
    merchantId: "merchant_1",
    amountMinor: 1_000 + (index % 5_000),
    currency: "USD",
  };
  try {
    const response = await fetch(`${url}/transactions:score`, {
      method: "POST",
      headers: {
        Authorization: "Bearer demo-shop",
        "Content-Type": "application/json",
        "Idempotency-Key": `request-${index}`,
      },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("No port was given");
  return address.port;
}
