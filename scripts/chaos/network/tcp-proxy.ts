import { connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/**
 * What is wrong with a connection, by the names of Toxiproxy's toxics
 * (https://github.com/Shopify/toxiproxy#toxics):
 *
 *   latency      every piece of data is `latencyMs` late
 *   bandwidth    at most `bytesPerSecond` pass
 *   slicer       data come in pieces of `bytes`
 *   timeout      nothing passes any more, and nobody is told
 *   reset_peer   connections are reset, and new ones too
 *   down         connections are closed, and new ones refused
 */
export type Toxic =
  | { readonly type: "latency"; readonly latencyMs: number }
  | { readonly type: "bandwidth"; readonly bytesPerSecond: number }
  | { readonly type: "slicer"; readonly bytes: number }
  | { readonly type: "timeout" | "reset_peer" | "down" };

/** A piece of network that can be spoilt. */
export interface TcpProxy {
  readonly port: number;
  /** Where connections lead; those that come before it is known are refused. */
  leadTo(upstreamPort: number): void;
  /** Spoils present and future connections; null heals. What was swallowed meanwhile is lost. */
  spoil(toxic: Toxic | null): void;
  close(): Promise<void>;
}

const loopback = "127.0.0.1";

/** Listens on a free port of the loopback address. */
export async function createTcpProxy(): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let upstreamPort: number | undefined;
  let toxic: Toxic | null = null;

  const server = createServer({ pauseOnConnect: true }, (client) => {
    if (upstreamPort === undefined || toxic?.type === "down") return void client.destroy();
    if (toxic?.type === "reset_peer") return void client.resetAndDestroy();
    const upstream = connect(upstreamPort, loopback);
    join(client, upstream);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      pump(from, to, () => toxic);
    }
  });

  const join = (a: Socket, b: Socket): void => {
    for (const [socket, other] of [
      [a, b],
      [b, a],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => other.destroy());
      socket.once("close", () => {
        sockets.delete(socket);
        // A black hole does not tell one side that the other has gone.
        if (toxic?.type !== "timeout") other.destroy();
      });
    }
  };
  const cut = (end: (socket: Socket) => void): void => {
    for (const socket of sockets) end(socket);
  };

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, loopback, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    leadTo: (port) => {
      upstreamPort = port;
    },
    spoil: (next) => {
      // What a black hole has swallowed cannot be put back in its place: such connections end.
      if (toxic?.type === "timeout") cut((socket) => socket.destroy());
      toxic = next;
      if (next?.type === "down") cut((socket) => socket.destroy());
      if (next?.type === "reset_peer") cut((socket) => socket.resetAndDestroy());
    },
    close: () => {
      cut((socket) => socket.destroy());
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Carries data in one direction until the connection ends, at next to no cost while nothing is wrong. */
function pump(from: Socket, to: Socket, toxicNow: () => Toxic | null): void {
  const write = (data: Buffer): void => {
    if (to.write(data)) return;
    from.pause();
    to.once("drain", () => from.resume());
  };
  const writeSpoilt = async (data: Buffer, toxic: Toxic): Promise<void> => {
    from.pause(); // what comes next waits, so that the order stays
    for (const piece of await pass(data, toxic)) {
      if (to.destroyed) return;
      if (!to.write(piece)) await new Promise((resolve) => to.once("drain", resolve));
    }
    from.resume();
  };
  from.on("data", (data: Buffer) => {
    const toxic = toxicNow();
    if (toxic === null) write(data);
    else void writeSpoilt(data, toxic);
  });
  from.once("end", () => to.end());
  from.resume(); // a client comes paused
}

/** What comes out at the other end, when it does. */
async function pass(data: Buffer, toxic: Toxic): Promise<Buffer[]> {
  switch (toxic.type) {
    case "latency":
      await delay(toxic.latencyMs);
      return [data];
    case "bandwidth":
      await delay((data.length * 1_000) / toxic.bytesPerSecond);
      return [data];
    case "slicer":
      return slices(data, toxic.bytes);
    case "timeout":
      return [];
    default:
      return [data];
  }
}

function slices(data: Buffer, bytes: number): Buffer[] {
  return Array.from({ length: Math.ceil(data.length / bytes) }, (_, index) =>
    data.subarray(index * bytes, (index + 1) * bytes),
  );
}
