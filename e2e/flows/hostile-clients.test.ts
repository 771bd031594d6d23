import { connect, type Socket } from "node:net";
import { testStack } from "@holdfast/testkit";
import { afterEach, describe, expect, test } from "@jest/globals";
import { keys } from "../support/api.ts";
import { placeOrder, registerCard, waitForStatus } from "../support/shop.ts";

const customerId = "cust_demo_042";
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

interface Conversation {
  readonly socket: Socket;
  /** What the service answered until it hung up. */
  readonly answer: Promise<string>;
}

/** Begins a request to POST /orders and leaves the rest to the test. */
function begin(headers: readonly string[]): Conversation {
  const { hostname, port } = new URL(testStack().address("order"));
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  // The service may hang up in the middle of what is written.
  socket.on("error", () => undefined);
  const lines = [
    "POST /orders HTTP/1.1",
    "Host: order",
    `Authorization: Bearer ${keys.shop}`,
    "Content-Type: application/json",
    ...headers,
  ];
  socket.write(`${lines.join("\r\n")}\r\n`);
  const heard: Buffer[] = [];
  socket.on("data", (data) => heard.push(data));
  const answer = new Promise<string>((resolve) => {
    socket.once("close", () => resolve(String(Buffer.concat(heard))));
  });
  return { socket, answer };
}

async function anotherCustomerIsServed(): Promise<void> {
  const paymentMethodId = await registerCard(customerId);
  await waitForStatus(
    await placeOrder({ customerId, paymentMethodId, sku: "SKU-MUG" }),
    "confirmed",
  );
}

describe("while a client", () => {
  test("sends 10 MB, it is refused, and others are served", async () => {
    const { socket, answer } = begin(["Idempotency-Key: large", "Content-Length: 10485760", ""]);
    for (let sent = 0; sent < 160 && socket.writable; sent += 1) socket.write("x".repeat(65_536));
    await anotherCustomerIsServed();
    // Who is cut off in the middle of what he says may not hear why.
    expect(await answer).toMatch(/^$|^HTTP\/1\.1 413 /);
  });

  test("nests JSON 10,000 deep, it is refused, and others are served", async () => {
    const body = `{"items":${"[".repeat(10_000)}${"]".repeat(10_000)}}`;
    const { answer } = begin([
      "Idempotency-Key: deep",
      "Connection: close",
      `Content-Length: ${body.length}`,
      "",
      body,
    ]);
    expect(await answer).toMatch(/HTTP\/1\.1 4(00|22)/);
    await anotherCustomerIsServed();
  });

  test("holds 200 connections and never ends its headers, all are cut off, and others are served", async () => {
    const slow = Array.from({ length: 200 }, () => begin([]));
    const dribbling = setInterval(() => {
      for (const { socket } of slow) if (socket.writable) socket.write("X-More: 1\r\n");
    }, 500);
    try {
      await anotherCustomerIsServed();
      const answers = await Promise.all(slow.map(({ answer }) => answer));
      expect(answers.filter((answer) => !answer.includes("HTTP/1.1 408"))).toEqual([]);
    } finally {
      clearInterval(dribbling);
    }
  }, 90_000);
});
