import { beforeEach, expect, test } from "@jest/globals";
import { MemoryLog } from "../testing/memory-partition.ts";
import { DurableOffsets } from "./durable-offsets.ts";

let asked: string[];
let answer: () => Promise<ReadonlySet<number>>;
let logs: MemoryLog[];

beforeEach(() => {
  asked = [];
  answer = async () => new Set([0, 1]);
  logs = [new MemoryLog(0), new MemoryLog(1)];
});

function createOffsets(intervalMs: number) {
  const durable = (positions: readonly { partition: number; nextOffset: number }[]) => {
    asked.push(positions.map(({ partition, nextOffset }) => `${partition}:${nextOffset}`).join());
    return answer();
  };
  return new DurableOffsets({ durable }, intervalMs);
}

const stayOf = (index: number) => (logs[index] as MemoryLog).stay();
const committed = () => logs.map(({ committedOffset }) => committedOffset);

test("the newest positions of all partitions are asked for together", async () => {
  const offsets = createOffsets(3_600_000);
  const [first, second] = [stayOf(0), stayOf(1)];
  offsets.note(first, 5);
  offsets.note(second, 6);
  offsets.note(first, 7);
  await offsets.tell();
  expect(asked).toEqual(["0:7,1:6"]);
  expect(committed()).toEqual([7, 6]);
  first.end("stopping");
});

test("a position that a crash took back is not told", async () => {
  const offsets = createOffsets(3_600_000);
  answer = async () => new Set([1]);
  const stay = stayOf(0);
  offsets.note(stay, 5);
  offsets.note(stayOf(1), 6);
  await offsets.tell();
  expect(committed()).toEqual([0, 6]);
  stay.end("stopping");
});

test("positions wait on while the database does not answer, unless newer ones came or the stay ended", async () => {
  const offsets = createOffsets(3_600_000);
  const [first, second] = [stayOf(0), stayOf(1)];
  answer = async () => {
    offsets.note(first, 9);
    throw new Error("the server is away");
  };
  offsets.note(first, 5);
  offsets.note(second, 6);
  await offsets.tell();
  answer = async () => new Set([0, 1]);
  await offsets.tell();
  expect(asked.at(-1)).toBe("0:9,1:6");
  answer = () => Promise.reject(new Error("the server is away"));
  offsets.note(first, 10);
  first.end("lost");
  await offsets.tell();
  answer = async () => new Set([0, 1]);
  await offsets.tell();
  expect(committed()).toEqual([9, 6]);
});
