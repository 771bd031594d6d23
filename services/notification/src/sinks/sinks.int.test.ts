import { createServer, type IncomingMessage, type Server } from "node:http";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as TcpServer,
} from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ConfigurationError, readEnvironment } from "@holdfast/service-kit";
import { silentLogger } from "@holdfast/telemetry";
import {
  buildMessage,
  createFakeClock,
  createSequentialIds,
  useTestDatabase,
} from "@holdfast/testkit";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { configuration } from "../config.ts";
import { createChannel } from "../delivery.ts";
import { createNotify } from "../handlers/notify.ts";
import { onFraudAlertRaised } from "../handlers/on-fraud-alert-raised.ts";
import { onOrderPlaced } from "../handlers/on-order-placed.ts";
import { createSinks } from "./create-sinks.ts";
import type { Sink } from "./sink.ts";
import { createSmtpSink } from "./smtp-sink.ts";
import { createWebhookSink, sign } from "./webhook-sink.ts";

const fixture = useTestDatabase({ migrations: [join(import.meta.dirname, "../../migrations")] });
const clock = createFakeClock();
const eventIds = createSequentialIds(1);
const secret = "a secret of at least 32 characters";

beforeEach(() => fixture.clear());
const servers: (Server | TcpServer)[] = [];
afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))),
  );
});

async function listen<S extends Server | TcpServer>(server: S): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** A channel to a sink, and the two messages that tests send through it. */
function openChannel(sink: Sink) {
  const channel = createChannel(sink, { database: fixture.database, clock, logger: silentLogger });
  const notify = createNotify({ channels: [channel], clock, ids: fixture.ids });
  const placed = () => buildMessage("orders", ["OrderPlaced"], { id: eventIds.next() });
  return {
    placed: async (message = placed()) => {
      await fixture.database.transact((tx) => onOrderPlaced(notify)(message, tx));
      return message;
    },
    alerted: () =>
      fixture.database.transact((tx) =>
        onFraudAlertRaised(notify)(
          buildMessage("fraud-alerts", ["FraudAlertRaised"], { id: eventIds.next() }),
          tx,
        ),
      ),
    deliver: () => channel.queue.runDue(),
  };
}

interface Received {
  readonly key: string;
  readonly signature: string;
  readonly body: string;
}

/** A receiver that honours keys and keeps a journal; `answer` says what it does with a request. */
async function journalSink(answer: (attempt: number, request: IncomingMessage) => number) {
  const journal = new Map<string, Received>();
  const requests: Received[] = [];
  const server = createServer(async (request, response) => {
    const key = String(request.headers["idempotency-key"]);
    const signature = String(request.headers["holdfast-signature"]);
    const received = { key, signature, body: await text(request) };
    requests.push(received);
    const status = answer(requests.length, request);
    // 0: what it took is in the journal, and the answer gets lost.
    if (status === 0 || status < 300) journal.set(key, received);
    if (status === 0) response.destroy();
    else response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end();
  });
  const url = `http://127.0.0.1:${await listen(server)}/hook`;
  const sink = createWebhookSink({ url, secret, allowPrivate: true, clock });
  return { ...openChannel(sink), journal, requests };
}

describe("the webhook", () => {
  test("is told once of each event, although answers get lost, and knows who tells", async () => {
    const hook = await journalSink((attempt) => (attempt === 1 ? 0 : 200));
    const message = await hook.placed();
    await hook.placed(message);
    await hook.deliver();
    clock.advance(60_000);
    await hook.deliver();
    expect(hook.requests).toHaveLength(2);
    const [received] = [...hook.journal.values()];
    expect(hook.journal.size).toBe(1);
    const seconds = clock.now() / 1000;
    expect(received?.signature).toMatch(new RegExp(`^t=${Math.floor(seconds)},v1=[0-9a-f]{64}$`));
    expect(received?.signature).toBe(sign(received?.body ?? "", { secret, clock }));
    expect(JSON.parse(received?.body ?? "")).toMatchObject({
      id: received?.key,
      eventId: message.id,
      audience: "customer",
    });
  });

  test("that refuses or redirects is asked again, later each time, and loses nothing", async () => {
    const hook = await journalSink((attempt) => [503, 302, 200][attempt - 1] ?? 200);
    await hook.placed();
    await hook.deliver();
    expect(await hook.deliver()).toBe(0);
    for (const waitMs of [1_000, 2_000]) {
      clock.advance(waitMs);
      await hook.deliver();
    }
    expect([hook.requests.length, hook.journal.size]).toEqual([3, 1]);
  });

  test.each([
    ["https://127.0.0.1/hook", /public internet/],
    ["https://[::1]/hook", /public internet/],
    ["https://169.254.169.254/latest/meta-data", /public internet/],
    ["https://localhost/hook", /public internet/],
    ["http://example.com/hook", /must be https/],
  ])("does not go to %s", async (url, reason) => {
    const sink = createWebhookSink({ url, secret, clock });
    const { signal } = new AbortController();
    const delivering = sink.deliver({ id: "1", occurredAt: 0, createdAt: 0 } as never, signal);
    await expect(delivering).rejects.toThrow(reason);
  });
});

/** An SMTP server of a few lines; while `drops` is above zero it takes a mail and hangs up unanswered. */
async function mailServer() {
  const server = { mails: [] as { to: string; data: string }[], drops: 0, port: 0 };
  const tcp = createTcpServer((socket) => {
    let to = "";
    let data: string | undefined;
    socket.on("error", () => undefined);
    socket.write("220 test\r\n");
    socket.on("data", (chunk) => {
      for (const line of chunk.toString().split("\r\n").slice(0, -1)) {
        if (data !== undefined && line !== ".") data += `${line}\n`;
        else if (data !== undefined) {
          server.mails.push({ to, data });
          data = undefined;
          server.drops -= 1;
          if (server.drops >= 0) socket.destroy();
          else socket.write("250 taken\r\n");
        } else if (/^RCPT TO/i.test(line)) {
          to = /<(.*)>/.exec(line)?.[1] ?? "";
          socket.write("250 ok\r\n");
        } else if (/^DATA/i.test(line)) {
          data = "";
          socket.write("354 go on\r\n");
        } else if (/^QUIT/i.test(line)) socket.end("221 bye\r\n");
        else socket.write("250 ok\r\n");
      }
    });
  });
  server.port = await listen(tcp);
  return server;
}

describe("mail", () => {
  const options = {
    from: "holdfast@example.com",
    analystsTo: "analysts@example.com",
    customersTo: "{customerId}@customers.example.com",
  };

  test("goes to the analysts' address and to the customer's alias", async () => {
    const server = await mailServer();
    const url = `smtp://127.0.0.1:${server.port}`;
    const mail = openChannel(createSmtpSink({ ...options, url }));
    const { event } = await mail.placed();
    await mail.alerted();
    await mail.deliver();
    expect(server.mails.map(({ to }) => to).sort()).toEqual(
      ["analysts@example.com", `${event.customerId}@customers.example.com`].sort(),
    );
  });

  test("is sent again when the answer is lost, under the same Message-ID", async () => {
    const server = await mailServer();
    const mail = openChannel(
      createSmtpSink({ ...options, url: `smtp://127.0.0.1:${server.port}` }),
    );
    server.drops = 1;
    await mail.placed();
    await mail.deliver();
    clock.advance(60_000);
    await mail.deliver();
    const ids = server.mails.map(({ data }) => /^Message-ID: (.*)$/im.exec(data)?.[1]);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });
});

test("a channel without its settings is refused, every missing name at once", () => {
  const config = readEnvironment(configuration, {
    APP_ENV: "test",
    PORT: "4005",
    KAFKA_BROKERS: "kafka:9092",
    SCHEMA_REGISTRY_URL: "http://registry:8080",
    SCHEMA_CACHE_DIR: "/data/schemas",
    DATABASE_URL: "postgres://notification@postgres/notification",
    NOTIFICATION_SINK: "log,smtp,webhook",
    SMTP_FROM: "holdfast@example.com",
  });
  expect(() => createSinks(config, { logger: silentLogger, clock })).toThrow(ConfigurationError);
  expect(() => createSinks(config, { logger: silentLogger, clock })).toThrow(
    /SMTP_URL.*SMTP_ANALYSTS_TO.*SMTP_CUSTOMERS_TO.*WEBHOOK_URL.*WEBHOOK_SECRET/s,
  );
});
