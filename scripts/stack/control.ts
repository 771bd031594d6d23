/**
 * The supervisor's ear: JSON over HTTP on a Unix socket that only its owner can open.
 *
 *   POST /stop                    stop everything
 *   POST /parts/NAME/stop         hold one part down   {"signal"?: "SIGKILL"}
 *   POST /parts/NAME/start        start it again, answers once it is healthy
 *   POST /parts/NAME/signal       {"signal": "SIGSTOP"}
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { z } from "zod";
import type { Supervisor } from "./supervisor.ts";

const order = z.object({
  signal: z.enum(["SIGTERM", "SIGINT", "SIGKILL", "SIGSTOP", "SIGCONT", "SIGUSR2"]).optional(),
});

/** A socket's path must be short, which a checkout's need not be; so it lies in a private temporary folder. */
export function newSocketPath(): string {
  return join(mkdtempSync(join(tmpdir(), "holdfast-")), "control.sock");
}

export function removeSocket(path: string): void {
  rmSync(dirname(path), { recursive: true, force: true });
}

/** Resolves once it listens. `stopAll` must answer quickly: it begins the end, it does not wait for it. */
export function serveControl(
  path: string,
  supervisor: Supervisor,
  stopAll: () => void,
): Promise<Server> {
  const server = createServer((incoming, response) => {
    obey(incoming, supervisor, stopAll).then(
      () => response.writeHead(204).end(),
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      resolve(server);
    });
  });
}

async function obey(
  incoming: IncomingMessage,
  supervisor: Supervisor,
  stopAll: () => void,
): Promise<void> {
  const { signal } = order.parse(JSON.parse((await text(incoming)) || "{}"));
  const [, kind, name, verb] = (incoming.url ?? "").split("/");
  if (incoming.method !== "POST") throw new Error("only POST is answered here");
  if (kind === "stop") return stopAll();
  if (kind !== "parts" || !name) throw new Error(`nothing at ${incoming.url}`);
  if (verb === "stop") return supervisor.stopPart(name, signal);
  if (verb === "start") return supervisor.startPart(name);
  if (verb === "signal" && signal) {
    if (!supervisor.signalPart(name, signal)) throw new Error(`${name} is not running`);
    return;
  }
  throw new Error(`cannot ${verb} ${name}`);
}

/** Sends one order. Rejects with the supervisor's words when it refuses. */
export function sendOrder(
  socketPath: string,
  path: string,
  body: z.infer<typeof order> = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method: "POST" }, (response) => {
      text(response).then((answer) => {
        if (response.statusCode === 204) resolve();
        else reject(new Error(answer));
      }, reject);
    });
    sent.once("error", reject);
    sent.end(JSON.stringify(body));
  });
}
