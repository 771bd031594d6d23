import { silentLogger } from "@holdfast/telemetry";
import { afterEach, expect, test } from "@jest/globals";
import { createAuthenticate } from "../api-keys.ts";
import { createNudge } from "../nudge.ts";
import { createReadiness } from "../readiness.ts";
import { frame } from "./event-stream.ts";
import { defineRoute, type ServerEvent } from "./route.ts";
import { createHttpServer, type HttpServer } from "./server.ts";

let server: HttpServer | undefined;
afterEach(() => server?.stop());

/** Streams `log`, and what is added to it, from behind the last id. */
async function serveLog(log: string[], heartbeatMs = 60_000) {
  const added = createNudge();
  const ended = Promise.withResolvers<void>();
  async function* events(after: number, signal: AbortSignal): AsyncGenerator<ServerEvent> {
    try {
      for (let next = after; !signal.aborted; ) {
        const data = log[next];
        if (data === undefined) await added.wait("log", { timeoutMs: 10_000, signal });
        else yield { id: String(++next), event: "status", data };
      }
    } finally {
      ended.resolve();
    }
  }
  server = createHttpServer({
    service: "test",
    version: "0",
    host: "127.0.0.1",
    port: 0,
    heartbeatMs,
    routes: [
      defineRoute({
        method: "get",
        path: "/log",
        summary: "Follow the log",
        auth: "public",
        responses: { 200: { description: "Events", contentType: "text/event-stream" } },
        handle: async ({ lastEventId, signal }) => ({
          status: 200,
          events: events(Number(lastEventId ?? 0), signal),
        }),
      }),
    ],
    authenticate: createAuthenticate([]),
    readiness: createReadiness(),
    logger: silentLogger,
  });
  await server.start();
  const url = `http://127.0.0.1:${server.port()}/log`;
  const add = (entry: string): void => {
    log.push(entry);
    added.notify("log");
  };
  return { url, add, ended: ended.promise };
}

/** Reads until the text holds `mark`. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, mark: string) {
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes(mark)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`The stream ended before ${mark}: ${text}`);
    text += decoder.decode(value);
  }
  return text;
}

async function open(url: string, headers: Record<string, string> = {}) {
  const gone = new AbortController();
  const response = await fetch(url, { headers, signal: gone.signal });
  if (response.body === null) throw new Error("no body");
  return { response, reader: response.body.getReader(), leave: () => gone.abort() };
}

test("a stream sends what is there and what comes", async () => {
  const { url, add } = await serveLog(["received"]);
  const { response, reader } = await open(url);
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(await readUntil(reader, "received")).toContain(
    'id: 1\nevent: status\ndata: "received"\n\n',
  );
  add("confirmed");
  expect(await readUntil(reader, "confirmed")).toContain("id: 2\n");
});

test("a stream goes on behind the last event that the client has seen", async () => {
  const { url } = await serveLog(["received", "processing", "confirmed"]);
  const { reader } = await open(url, { "Last-Event-ID": "2" });
  const text = await readUntil(reader, "confirmed");
  expect(text).toBe('id: 3\nevent: status\ndata: "confirmed"\n\n');
});

test("a silent stream sends heartbeats", async () => {
  const { url } = await serveLog([], 20);
  const { reader } = await open(url);
  expect(await readUntil(reader, ": heartbeat\n\n: heartbeat\n\n")).toMatch(/^(: heartbeat\n\n)+$/);
});

test("a client that leaves ends the source", async () => {
  const { url, ended } = await serveLog(["received"]);
  const { reader, leave } = await open(url);
  await readUntil(reader, "received");
  leave();
  await ended;
});

test("a server that stops ends its streams and does not wait for them", async () => {
  const { url, ended } = await serveLog(["received"]);
  const { reader } = await open(url);
  await readUntil(reader, "received");
  await server?.stop();
  expect((await reader.read()).done).toBe(true);
  await ended;
});

test("an event's id and name cannot smuggle lines in", () => {
  expect(() => frame({ id: "1\ndata: x", data: 1 })).toThrow(TypeError);
  expect(frame({ data: "two\nlines" })).toBe('data: "two\\nlines"\n\n');
});
