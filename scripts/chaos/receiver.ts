import { createServer, type IncomingMessage } from "node:http";
import type { SinkFact } from "@holdfast/testkit";

/** A receiver of webhooks that honours their keys: what it has taken is its journal. */
export interface Receiver {
  /** Settings of docker-compose.yml that make it a sink beside the log. */
  readonly variables: Readonly<Record<string, string>>;
  readonly taken: readonly SinkFact[];
  /** While it is away, connections are cut and nothing is taken. */
  setAway(away: boolean): void;
  close(): Promise<void>;
}

const channel = "webhook";

/** Listens on a free port of the loopback address. */
export async function createReceiver(): Promise<Receiver> {
  const taken = new Map<string, SinkFact>();
  let away = false;
  const server = createServer((request, response) => {
    if (away) return void request.socket.destroy();
    request.resume().once("end", () => {
      const notificationId = keyOf(request);
      taken.set(notificationId, { notificationId, channel });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    variables: {
      NOTIFICATION_SINK: `log,${channel}`,
      WEBHOOK_URL: `http://127.0.0.1:${port}/`,
      WEBHOOK_SECRET: "known to this run of chaos alone",
      WEBHOOK_ALLOW_PRIVATE: "true",
    },
    get taken() {
      return [...taken.values()];
    },
    setAway: (next) => {
      away = next;
      if (away) server.closeAllConnections();
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function keyOf(request: IncomingMessage): string {
  const key = request.headers["idempotency-key"];
  return typeof key === "string" ? key : "no key";
}
