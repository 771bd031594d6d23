import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

let echo: Server;
let proxy: TcpProxy;
const clients: Socket[] = [];

beforeEach(async () => {
  echo = createServer((socket) => socket.on("error", () => undefined).pipe(socket));
  await once(echo.listen(0, "127.0.0.1"), "listening");
  proxy = await createTcpProxy();
  proxy.leadTo((echo.address() as AddressInfo).port);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  echo.close();
});

async function client(): Promise<Socket> {
  const socket = connect(proxy.port, "127.0.0.1");
  clients.push(socket);
  await once(socket, "connect");
  return socket;
}

async function echoOf(socket: Socket, text: string): Promise<string> {
  let heard = "";
  socket.write(text);
  while (heard.length < text.length) heard += String((await once(socket, "data"))[0]);
  return heard;
}

/** Resolves when the connection has ended, however it did. */
function closeOf(socket: Socket): Promise<void> {
  socket.on("error", () => undefined);
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

describe("a proxy", () => {
  test("passes everything on when nothing is wrong", async () => {
    expect(await echoOf(await client(), "hello")).toBe("hello");
  });

  test.each([
    { type: "latency", latencyMs: 5 },
    { type: "slicer", bytes: 1 },
    { type: "bandwidth", bytesPerSecond: 100_000 },
  ] as const)("loses nothing under $type", async (toxic) => {
    proxy.spoil(toxic);
    expect(await echoOf(await client(), "hello")).toBe("hello");
  });

  test.each(["down", "reset_peer"] as const)("ends connections under %s", async (type) => {
    const socket = await client();
    await echoOf(socket, "hello");
    const ended = closeOf(socket);
    proxy.spoil({ type });
    await ended;
    expect(socket.destroyed).toBe(true);
  });

  test("swallows data under timeout, and ends what it has harmed when it is healed", async () => {
    const socket = await client();
    await echoOf(socket, "hello");
    proxy.spoil({ type: "timeout" });
    socket.write("lost");
    const ended = closeOf(socket);
    proxy.spoil(null);
    await ended;
    expect(await echoOf(await client(), "again")).toBe("again");
  });
});
