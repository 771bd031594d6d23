import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { silentLogger } from "@holdfast/telemetry";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createPaymentMethods } from "./payment-methods.ts";

const requests: IncomingMessage[] = [];
let reply: { status: number; body?: unknown } | "none";

const server = createServer((request, response) => {
  requests.push(request);
  if (reply === "none") return;
  response.writeHead(reply.status, { "content-type": "application/json" });
  response.end(JSON.stringify(reply.body));
});

beforeEach(async () => {
  requests.length = 0;
  reply = { status: 200, body: { paymentMethodId: "pm_1", customerId: "ann" } };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe("whose a payment method is", () => {
  test("is asked once, with the key, and remembered", async () => {
    const methods = payment();
    expect(await methods.find("pm_1")).toEqual({ found: "known", customerId: "ann" });
    expect(await methods.find("pm_1")).toEqual({ found: "known", customerId: "ann" });
    expect(requests.map(({ url }) => url)).toEqual(["/payment-methods/pm_1"]);
    expect(requests[0]?.headers.authorization).toBe("Bearer secret");
  });

  test("is asked again when the method was unknown", async () => {
    const methods = payment();
    reply = { status: 404 };
    expect(await methods.find("pm_1")).toEqual({ found: "unknown" });
    reply = { status: 200, body: { customerId: "ann" } };
    expect(await methods.find("pm_1")).toEqual({ found: "known", customerId: "ann" });
  });

  test("is nobody's, however often ids are asked for that payment never gives", async () => {
    const methods = payment();
    reply = { status: 400 };
    for (let time = 1; time <= 6; time += 1) {
      expect(await methods.find("_")).toEqual({ found: "unknown" });
    }
  });

  test.each([
    ["fails", { status: 500 }],
    ["refuses the key", { status: 401 }],
    ["answers nonsense", { status: 200, body: [] }],
  ])("is not known when payment %s", async (_name, answer) => {
    reply = answer;
    expect(await payment().find("pm_1")).toEqual({ found: "unavailable" });
  });

  test("is not known when payment does not answer in time", async () => {
    reply = "none";
    expect(await payment({ timeoutMs: 20 }).find("pm_1")).toEqual({ found: "unavailable" });
  });

  test("is asked no more after five failures, but remembered owners stay known", async () => {
    const methods = payment();
    await methods.find("pm_1");
    reply = { status: 500 };
    for (let time = 1; time <= 5; time += 1) await methods.find("pm_2");
    const askedBefore = requests.length;
    expect(await methods.find("pm_2")).toEqual({ found: "unavailable" });
    expect(await methods.find("pm_1")).toEqual({ found: "known", customerId: "ann" });
    expect(requests.length).toBe(askedBefore);
  });
});

function payment({ timeoutMs = 10_000 } = {}) {
  const { port } = server.address() as AddressInfo;
  return createPaymentMethods({
    url: `http://127.0.0.1:${port}`,
    apiKey: "secret",
    timeoutMs,
    logger: silentLogger,
  });
}
