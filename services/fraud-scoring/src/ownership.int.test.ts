import { waitFor } from "@holdfast/testkit";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { createPaymentStream } from "./testing/payment-stream.ts";
import { useScorerSuite } from "./testing/scorer-suite.ts";

const suite = useScorerSuite("ownership");
const payments = createPaymentStream(suite);
const limitMs = 240_000;

/** Every payment is decided, and what lies on the topics is what the log says, byte for byte. */
async function expectWhole(): Promise<void> {
  await suite.settled(120_000);
  const found = await suite.verify();
  expect(found.differences.slice(0, 3)).toEqual([]);
  expect(found.compared.decisions).toBe(payments.sent);
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
        await payments.send(1_500);
        const decided = async () => (await payments.decided()) > round * 300 + 50;
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
      await payments.send(1_000);
      sleeper.child.kill("SIGSTOP");
      const successor = await suite.start();
      await payments.send(1_000);
      await expectWhole();
      sleeper.child.kill("SIGCONT");
      await payments.send(1_000);
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
        await payments.send(500);
        await passing.ready();
        await payments.send(500);
        await passing.end(round % 2 === 0 ? "SIGKILL" : "SIGTERM");
        await payments.send(500);
      }
      await expectWhole();
      await steady.end("SIGTERM");
    },
    limitMs,
  );

  test(
    "without room for a single card in memory the outputs are the same, byte for byte",
    async () => {
      const forgetful = await suite.start({ SCORER_CACHE_MB: "0", SCORER_MAX_BATCH_RECORDS: "20" });
      await payments.send(2_000);
      await expectWhole();
      await forgetful.end("SIGTERM");
    },
    limitMs,
  );

  test(
    "the watermark, and so what counts as late, outlives its owner",
    async () => {
      const before = await suite.start();
      await payments.send(400);
      await suite.settled();
      const watermarks = await readWatermarks();
      await before.end("SIGKILL");
      const after = await suite.start();
      await payments.sendLate("late-after-restart");
      await expectWhole();
      const decision = await payments.decisionOn("late-after-restart");
      expect(decision).toMatchObject({ late: true });
      expect(await readWatermarks()).toEqual(watermarks);
      await after.end("SIGTERM");
    },
    limitMs,
  );
});

async function readWatermarks() {
  const { rows } = await suite.database.database.read(
    "SELECT partition, watermark FROM partition_position ORDER BY partition",
  );
  return rows;
}
