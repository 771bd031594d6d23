import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createHttpProvider, type PaymentProvider, type ProviderRequest } from "./provider.ts";

let server: Server;
let provider: PaymentProvider;
let seen: { method: string; path: string; key: unknown; body: string }[];
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  seen = [];
  server = createServer((incoming, response) => {
    void bodyOf(incoming).then((body) => {
      const { method = "", url = "", headers } = incoming;
      seen.push({ method, path: url, key: headers["idempotency-key"], body });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  provider = createHttpProvider({ url: `http://127.0.0.1:${port}`, timeoutMs: 200 });
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of incoming) text += chunk;
  return text;
}

const call = { key: "p1/capture", signal: new AbortController().signal };
const succeeded = { outcome: "succeeded", authorizationId: "auth-1", feeMinor: 3 };
const respond = (status: number, body: unknown) => (response: ServerResponse) => {
  response.writeHead(status).end(JSON.stringify(body));
};

const requests: [ProviderRequest, path: string, body: object][] = [
  [
    {
      step: "authorize",
      amountMinor: 5,
      currency: "USD",
      cardToken: "pm_1",
      last4: "4242",
      reference: "o1",
    },
    "/authorizations",
    { amountMinor: 5, currency: "USD", cardToken: "pm_1", last4: "4242", reference: "o1" },
  ],
  [{ step: "capture", authorizationId: "a/1" }, "/authorizations/a%2F1/capture", {}],
  [{ step: "void", authorizationId: "a1" }, "/authorizations/a1/void", {}],
  [
    { step: "refund", authorizationId: "a1", amountMinor: 3 },
    "/authorizations/a1/refunds",
    { amountMinor: 3 },
  ],
];

test.each(requests)("sends %j under its key", async (request, path, body) => {
  answer = respond(201, succeeded);
  expect(await provider.carryOut(request, call)).toEqual(succeeded);
  expect(seen).toEqual([{ method: "POST", path, key: "p1/capture", body: JSON.stringify(body) }]);
});

test("a refusal is an answer", async () => {
  answer = respond(402, { outcome: "refused", code: "expired", authorizationId: null });
  const request = { step: "void", authorizationId: "a1" } as const;
  expect(await provider.carryOut(request, call)).toEqual({ outcome: "refused", code: "expired" });
});

test("a key is queried by its name; one that was never used is not known", async () => {
  answer = respond(200, succeeded);
  expect(await provider.query(call)).toEqual(succeeded);
  answer = respond(404, {});
  expect(await provider.query(call)).toBeUndefined();
  expect(seen.map(({ path }) => path)).toEqual(Array(2).fill("/operations/p1%2Fcapture"));
});

test.each<[string, (response: ServerResponse) => void]>([
  ["a server error", respond(503, { code: "unavailable" })],
  ["silence", () => undefined],
  ["a hang-up", (response) => response.destroy()],
  [
    "half an answer",
    (response) => void response.writeHead(201, { "content-length": 99 }).write("{"),
  ],
  ["another language", (response) => void response.writeHead(200).end("<html>")],
  ["a key that was used for something else", respond(422, {})],
])("%s leaves the result unknown", async (_, misbehave) => {
  answer = misbehave;
  const request = { step: "capture", authorizationId: "a1" } as const;
  await expect(provider.carryOut(request, call)).rejects.toMatchObject({
    name: "ProviderUnreachable",
  });
});
