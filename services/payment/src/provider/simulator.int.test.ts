import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { createHttpProvider, type PaymentProvider } from "./provider.ts";

const simulator = resolve(
  import.meta.dirname,
  "../../../../simulators/payment-provider/src/main.ts",
);
let folder: string;
let child: ChildProcess;
let url: string;
let provider: PaymentProvider;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "provider-"));
  child = spawn(process.execPath, [simulator], {
    env: { PORT: "0", HOST: "127.0.0.1", JOURNAL_FILE: join(folder, "journal.jsonl") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  url = `http://127.0.0.1:${JSON.parse(line.toString()).port}`;
  provider = createHttpProvider({ url, timeoutMs: 500 });
});
afterAll(async () => {
  child.kill("SIGTERM");
  await once(child, "exit");
  await rm(folder, { recursive: true });
});
beforeEach(() => fail({}));

const signal = new AbortController().signal;
const authorize = {
  step: "authorize",
  amountMinor: 500,
  currency: "USD",
  cardToken: "pm_1",
  last4: "4242",
  reference: "order-1",
} as const;

async function fail(modes: object): Promise<void> {
  await fetch(`${url}/failures`, { method: "PUT", body: JSON.stringify(modes) });
}

test("the simulator understands every step, and its answers are understood", async () => {
  const granted = await provider.carryOut(authorize, { key: "p1/authorize", signal });
  const authorizationGranted = { outcome: "succeeded", authorizationId: expect.any(String) };
  expect(granted).toEqual({ ...authorizationGranted, feeMinor: 0 });
  if (granted.outcome !== "succeeded") return;
  const { authorizationId } = granted;
  const capture = { step: "capture", authorizationId } as const;
  const refund = { step: "refund", authorizationId, amountMinor: 200 } as const;
  const release = { step: "void", authorizationId } as const;
  expect(await provider.carryOut(capture, { key: "p1/capture", signal })).toEqual({
    ...granted,
    feeMinor: 7,
  });
  expect(await provider.carryOut(refund, { key: "p1/refund/r1", signal })).toEqual(granted);
  expect(await provider.carryOut(release, { key: "p1/void", signal })).toEqual({
    outcome: "refused",
    code: "authorization_captured",
  });
});

test("what was carried out without an answer is found by its key", async () => {
  await fail({ timeoutAfterSuccessRate: 1 });
  const call = { key: "p2/authorize", signal };
  await expect(provider.carryOut(authorize, call)).rejects.toThrow("did not answer");
  await fail({});
  const found = await provider.query(call);
  expect(found).toMatchObject({ outcome: "succeeded" });
  expect(await provider.carryOut(authorize, call)).toEqual(found);
});

test("what was never carried out is not found", async () => {
  await fail({ errorRate: 1 });
  const call = { key: "p3/authorize", signal };
  await expect(provider.carryOut(authorize, call)).rejects.toThrow("503");
  await fail({});
  expect(await provider.query(call)).toBeUndefined();
});
