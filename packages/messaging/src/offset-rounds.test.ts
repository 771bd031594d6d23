import { beforeEach, expect, test } from "@jest/globals";
import { OffsetRounds } from "./offset-rounds.ts";

let sent: string[];
let stopping: AbortController;
let answer: () => Promise<void>;

beforeEach(() => {
  sent = [];
  stopping = new AbortController();
  answer = async () => undefined;
});

function createRounds(intervalMs: number): OffsetRounds {
  return new OffsetRounds({
    intervalMs,
    stopping: stopping.signal,
    send: (offsets) => {
      sent.push(offsets.map(({ topic, partition, offset }) => topic + partition + offset).join());
      return answer();
    },
  });
}

const at = (partition: number, offset: string) => ({ topic: "t", partition, offset });

test("partitions' offsets go out together", async () => {
  const rounds = createRounds(0);
  await Promise.all([rounds.commit(at(0, "7")), rounds.commit(at(1, "8"))]);
  expect(sent).toEqual(["t07,t18"]);
});

test("rounds keep an interval, which a stop cuts short", async () => {
  const rounds = createRounds(3_600_000);
  await rounds.commit(at(0, "7"));
  const waiting = [rounds.commit(at(0, "9")), rounds.commit(at(1, "8"))];
  expect(sent).toEqual(["t07"]);
  stopping.abort();
  await Promise.all(waiting);
  expect(sent).toEqual(["t07", "t09,t18"]);
});

test("a round does not wait for the answer to the one before", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  answer = () => (sent.length === 1 ? promise : Promise.resolve());
  const rounds = createRounds(0);
  const slow = rounds.commit(at(0, "7"));
  while (sent.length === 0) await new Promise(setImmediate);
  await rounds.commit(at(1, "8"));
  resolve();
  await slow;
  expect(sent).toEqual(["t07", "t18"]);
});

test("what was forgotten is not sent, and nobody waits for it", async () => {
  const rounds = createRounds(0);
  const forgotten = rounds.commit(at(0, "7"));
  rounds.forget();
  await forgotten;
  expect(sent).toEqual([]);
});

test("a failed round fails for all of its partitions, and the next begins anew", async () => {
  answer = async () => {
    if (sent.length === 1) throw new Error("the coordinator moved");
  };
  const rounds = createRounds(0);
  const both = [rounds.commit(at(0, "7")), rounds.commit(at(1, "8"))];
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual([
    "rejected",
    "rejected",
  ]);
  await rounds.commit(at(0, "7"));
  expect(sent).toEqual(["t07,t18", "t07"]);
});
