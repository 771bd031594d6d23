/**
 * Health probes, derived from the health checks of docker-compose.yml: a check that fetches an
 * http address becomes an HTTP GET, the shell's `/dev/tcp` a TCP connect, `pg_isready` the first message of the
 * Postgres protocol. So the file's own checks decide natively as well, without their programs.
 */
import { connect, type Socket } from "node:net";
import { localAddresses, type PortMap } from "./addresses.ts";
import type { ComposeService } from "./compose-file.ts";

export type Probe =
  | { readonly kind: "http"; readonly url: string }
  | { readonly kind: "tcp"; readonly port: number }
  | { readonly kind: "postgres"; readonly port: number };

const probeTimeoutMs = 2000;

/** Null when the service has no health check. Throws for a check of a kind that is not known. */
export function probeOf(service: ComposeService, ports: PortMap): Probe | null {
  if (service.healthTest === null) return null;
  const test = localAddresses(service.healthTest, service.name, ports);
  const url = /https?:\/\/[\w.:-]+\/[\w./-]*/.exec(test);
  if (url) return { kind: "http", url: url[0] };
  const own = (container: string | undefined) => ports.get(service.name)?.get(Number(container));
  const tcp = own(/\/dev\/tcp\/127\.0\.0\.1\/(\d+)/.exec(test)?.[1]);
  if (tcp !== undefined) return { kind: "tcp", port: tcp };
  const pg = own(/\bpg_isready\b.* -p (\d+)/.exec(test)?.[1]);
  if (pg !== undefined) return { kind: "postgres", port: pg };
  throw new Error(`${service.name}: no native form of the health check "${service.healthTest}"`);
}

/** True when the part answers as healthy right now; never throws. */
export async function isHealthy(probe: Probe): Promise<boolean> {
  try {
    switch (probe.kind) {
      case "http":
        return (await fetch(probe.url, { signal: AbortSignal.timeout(probeTimeoutMs) })).ok;
      case "tcp":
        return await exchange(probe.port, () => true);
      case "postgres":
        return await exchange(probe.port, acceptsLogin);
    }
  } catch {
    return false;
  }
}

/** Anything listening there, whatever it is. */
export function isPortTaken(port: number): Promise<boolean> {
  return exchange(port, () => true).catch(() => false);
}

function exchange(
  port: number,
  talk: (socket: Socket) => boolean | Promise<boolean>,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.setTimeout(probeTimeoutMs, () => socket.destroy(new Error("no answer in time")));
    socket.once("error", reject);
    socket.once("connect", () => {
      Promise.resolve(talk(socket))
        .then(resolve, reject)
        .finally(() => socket.destroy());
    });
  });
}

/** A server that is starting up or shutting down answers with an error ("E"), a ready one asks who we are ("R"). */
function acceptsLogin(socket: Socket): Promise<boolean> {
  const parameters = Buffer.from("user\0postgres\0database\0postgres\0\0", "latin1");
  const head = Buffer.alloc(8);
  head.writeInt32BE(parameters.length + 8, 0);
  head.writeInt32BE(3 << 16, 4); // protocol 3.0
  socket.write(Buffer.concat([head, parameters]));
  return new Promise((resolve, reject) => {
    socket.once("data", (chunk: Buffer) => resolve(chunk.toString("latin1", 0, 1) === "R"));
    socket.once("close", () => reject(new Error("closed")));
  });
}
