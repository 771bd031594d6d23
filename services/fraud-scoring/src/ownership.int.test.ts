import { waitFor } from "@holdfast/testkit";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { useScorerSuite } from "./testing/scorer-suite.ts";

const suite = useScorerSuite("ownership");
const start = Date.UTC(2026, 0, 1);
const cards = 200;
const limitMs = 240_000;
let published = 0;

/** Publishes payments that hit often: every card pays every two seconds of event time. */
async function pay(count: number): Promise<void> {
  const payments = Array.from({ length: count }, (_, index) => {
    const number = published + index;
    const occurredAt = start + Math.floor(number / cards) * 2_000;
    const fields = { cardFingerprint: `fp_${number % cards}`, paymentId: `pay-${number}` };
    return { id: `event-${number}`, fields: { ...fields, occurredAt } };
  });
  published += count;
  await suite.publish("PaymentRequested", payments);
}

/** Every payment is decided, and what lies on the topics is what the log says, byte for byte. */
async function expectWhole(): Promise<void> {
  await suite.settled(120_000);
  const found = await suite.verify();
  expect(found.differences.slice(0, 3)).toEqual([]);
  expect(found.compared.decisions).toBe(published);
}

beforeAll(async () => {
  await suite.activate();
}, 60_000);

describe("whoever owns a partition, and however it ends", () => {
  test(
    "a scorer killed again and again in mid-work loses nothing and contradicts nothing",
    async () => {
      for (let round = 0; round < 3; round += 1) {
        const scorer = await suite.start({ SCORER_MAX_BATCH_RECORDS: "50" });
        await pay(1_500);
        const decided = async () => (await ends()) > round * 300 + 50;
        await waitFor(decided, { limitMs: 60_000, what: "some decisions" });
        await scorer.end("SIGKILL");
      }
      const last = await suite.start();
      await expectWhole();
      await last.end("SIGTERM");
    },
    limitMs,
  );

  test(
    "an owner that slept while its partitions moved on wakes up harmless",
    async () => {
      const sleeper = await suite.start({ SCORER_MAX_BATCH_RECORDS: "20" });
      await sleeper.ready();
      await pay(1_000);
      sleeper.child.kill("SIGSTOP");
      const successor = await suite.start();
      await pay(1_000);
      await expectWhole();
      sleeper.child.kill("SIGCONT");
      await pay(1_000);
      await expectWhole();
      await sleeper.end("SIGTERM");
      await successor.end("SIGTERM");
    },
    limitMs,
  );

  test(
    "instances that come and go share the partitions without a loss",
    async () => {
      const steady = await suite.start({ SCORER_MAX_BATCH_RECORDS: "100" });
      for (let round = 0; round < 2; round += 1) {
        const passing = await suite.start({ SCORER_MAX_BATCH_RECORDS: "100" });
        await pay(500);
        await passing.ready();
        await pay(500);
        await passing.end(round % 2 === 0 ? "SIGKILL" : "SIGTERM");
        await pay(500);
      }
      await expectWhole();
      await steady.end("SIGTERM");
    },
    limitMs,
  );
});

/** Records on the decisions topic so far. */
async function ends(): Promise<number> {
  const ranges = await suite.admin.offsets(suite.topics.decisions);
  return [...ranges.values()].reduce((sum, { end }) => sum + Number(end), 0);
}
