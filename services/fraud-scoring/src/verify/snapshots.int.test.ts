import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createPaymentStream } from "../testing/payment-stream.ts";
import { useScorerSuite } from "../testing/scorer-suite.ts";
import { openSnapshots } from "./snapshots.ts";

const suite = useScorerSuite("snapshots");
const payments = createPaymentStream(suite);
const folder = mkdtempSync(join(tmpdir(), "snapshots-"));
const snapshots = openSnapshots(folder);
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  await suite.activate();
  await (await suite.start()).ready();
}, 120_000);

async function pay(count: number): Promise<void> {
  await payments.send(count);
  await suite.settled();
}

test("a verification goes on from the state that the one before came to", async () => {
  await pay(1_200);
  const first = await suite.verify({ snapshots });
  expect(first).toMatchObject({ from: "beginning", differences: [] });
  await pay(900);
  const second = await suite.verify({ snapshots });
  expect(second).toMatchObject({ from: first.snapshot, records: 900, differences: [] });
  expect(second.compared.decisions).toBe(900);
  expect(first.compared.alerts).toBeGreaterThan(0);
  const whole = await suite.verify({ snapshots, fromBeginning: true });
  expect(whole.compared.alerts).toBe(first.compared.alerts + second.compared.alerts);
});

test("it still works when the log's beginning has expired, and names what cannot be verified", async () => {
  const ranges = await suite.admin.offsets(suite.topics.activity);
  await suite.expire([...ranges].map(([partition, { end }]) => ({ partition, offset: end })));
  await pay(300);
  await expect(suite.verify()).rejects.toThrow("nor to a snapshot");
  expect(await suite.verify({ snapshots })).toMatchObject({ records: 300, differences: [] });
});

test("a decision that contradicts the log is found, and leaves no snapshot", async () => {
  await pay(100);
  const [key, value] = ["cust", await payments.forgedDecision()];
  const topic = suite.topics.decisions;
  await suite.producer.send([{ topic, key, value, headers: { eventType: "FraudDecided" } }]);
  const before = readdirSync(folder);
  const found = await suite.verify({ snapshots });
  expect(found.differences).toMatchObject([{ kind: "other bytes" }]);
  expect([found.snapshot, readdirSync(folder)]).toEqual([null, before]);
});
