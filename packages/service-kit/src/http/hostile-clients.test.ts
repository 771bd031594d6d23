import { connect } from "node:net";
import { silentLogger } from "@holdfast/telemetry";
import { afterEach, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { createAuthenticate, readApiKeys } from "../api-keys.ts";
import { createReadiness } from "../readiness.ts";
import { defineRoute } from "./route.ts";
import { createHttpServer, type HttpServer } from "./server.ts";

const place = defineRoute({
  method: "post",
  path: "/orders",
  summary: "Place an order",
  auth: ["customer"],
  request: { body: z.strictObject({ note: z.unknown() }) },
  responses: { 202: { description: "Accepted" } },
  handle: async () => ({ status: 202, body: {} }),
});

const started: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

async function open(requestTimeout = 400): Promise<number> {
  const server = createHttpServer({
    service: "order",
    version: "0.0.0",
    host: "127.0.0.1",
    port: 0,
    routes: [place],
    authenticate: createAuthenticate(readApiKeys({ APP_ENV: "demo" })),
    readiness: createReadiness(),
    timeouts: { headersTimeout: 200, requestTimeout, connectionsCheckingInterval: 50 },
    logger: silentLogger,
  });
  started.push(server);
  await server.start();
  return server.port();
}

const head =
  "POST /orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer demo-shop\r\n" +
  "Content-Type: application/json\r\n";

/** Writes a piece every `everyMs` until there is none or the server hangs up; resolves to its answer. */
async function send(port: number, pieces: Iterator<string>, everyMs = 1): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  // The server may hang up in the middle of what we write.
  socket.on("error", () => undefined);
  const writing = setInterval(() => {
    const { value, done } = pieces.next();
    if (!done) socket.write(value);
    else {
      clearInterval(writing);
      socket.end();
    }
  }, everyMs);
  let answer = "";
  socket.on("data", (chunk) => {
    answer += String(chunk);
  });
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  clearInterval(writing);
  return answer;
}

function* endlessly(piece: string): Generator<string> {
  for (;;) yield piece;
}

const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;

function* tenMegabytesInChunks(): Generator<string> {
  yield `${head}Transfer-Encoding: chunked\r\n\r\n`;
  for (let sent = 0; sent < 160; sent += 1) yield chunk;
  yield "0\r\n\r\n";
}

function* endlessBody(): Generator<string> {
  yield `${head}Transfer-Encoding: chunked\r\n\r\n`;
  yield* endlessly(chunk);
}

function* slowHeaders(): Generator<string> {
  yield head;
  yield* endlessly("X-More: 1\r\n");
}

function* slowBody(): Generator<string> {
  yield `${head}Content-Length: 60000\r\n\r\n`;
  yield* endlessly(" ");
}

describe("a client", () => {
  test("that sends 10 MB without saying so is refused", async () => {
    const answer = await send(await open(10_000), tenMegabytesInChunks());
    expect(answer).toContain("HTTP/1.1 413");
  });

  test("that never ends its body is cut off", async () => {
    const answer = await send(await open(), endlessBody());
    expect(answer).toContain("HTTP/1.1 408");
  });

  test("that dribbles its headers is cut off", async () => {
    const answer = await send(await open(), slowHeaders(), 20);
    expect(answer).toContain("HTTP/1.1 408");
  });

  test("that dribbles its body is cut off", async () => {
    const answer = await send(await open(), slowBody(), 20);
    expect(answer).toContain("HTTP/1.1 408");
  });

  test("that nests JSON 10,000 deep where anything goes harms nobody", async () => {
    const body = `{"note":${"[".repeat(10_000)}${"]".repeat(10_000)}}`;
    const port = await open();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        fetch(`http://127.0.0.1:${port}/orders`, {
          method: "POST",
          headers: { authorization: "Bearer demo-shop", "content-type": "application/json" },
          body,
        }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  });
});
