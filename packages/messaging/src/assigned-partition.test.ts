import { silentLogger } from "@holdfast/telemetry";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { PartitionStay, type QueueLimits } from "./assigned-partition.ts";
import { recordWith } from "./testing/test-records.ts";

let calls: string[];
let commit: (offset: string) => Promise<void>;

beforeEach(() => {
  calls = [];
  commit = async () => undefined;
});

function createStay(own: Partial<QueueLimits> = {}) {
  const limits = { maxRecords: 4, maxBytes: 1_000_000, ...own };
  const port = {
    commit: (_topic: string, _partition: number, offset: string) => {
      calls.push(`commit ${offset}`);
      return commit(offset);
    },
    seek: (_topic: string, _partition: number, offset: string) => void calls.push(`seek ${offset}`),
    pause: () => void calls.push("pause"),
    resume: () => void calls.push("resume"),
  };
  return new PartitionStay({ topic: "t", partition: 0 }, { port, limits, logger: silentLogger });
}

const records = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => recordWith({ offset: from + index }));
const offsets = (taken: readonly { offset: string }[]) => taken.map(({ offset }) => offset);

describe("a partition's stay", () => {
  test("gives records in order, in the sizes asked for", async () => {
    const stay = createStay();
    stay.push(records(0, 3), "3");
    expect(offsets(await stay.take(2))).toEqual(["0", "1"]);
    expect(offsets(await stay.take(2))).toEqual(["2"]);
    expect(stay.takeQueued(2)).toEqual([]);
  });

  test("wakes a take that waits for records", async () => {
    const stay = createStay();
    const taking = stay.take(10);
    stay.push(records(7, 1), "8");
    expect(offsets(await taking)).toEqual(["7"]);
    expect(stay.endOffset).toBe("8");
  });

  test("pauses fetching when it is full and resumes at half", async () => {
    const stay = createStay();
    stay.push(records(0, 4), "9");
    stay.push(records(4, 1), "9");
    expect(calls).toEqual(["pause"]);
    await stay.take(2);
    expect(calls).toEqual(["pause"]);
    await stay.take(1);
    expect(calls).toEqual(["pause", "resume"]);
  });

  test("is full by bytes as well", () => {
    const stay = createStay({ maxRecords: 100, maxBytes: 500 });
    stay.push([recordWith({ value: Buffer.alloc(600) })], "1");
    expect(calls).toEqual(["pause"]);
  });

  test("drops what is queued when it seeks, and fetches again", async () => {
    const stay = createStay();
    stay.push(records(0, 4), "9");
    stay.seek("2");
    expect(calls).toEqual(["pause", "seek 2", "resume"]);
    stay.push(records(2, 1), "9");
    expect(offsets(await stay.take(10))).toEqual(["2"]);
  });

  test.each(["lost", "stopping"] as const)("gives nothing more once it is %s", async (reason) => {
    const stay = createStay();
    const taking = stay.take(1);
    stay.end(reason);
    stay.push(records(0, 1), "1");
    expect(await taking).toEqual([]);
    expect(await stay.take(1)).toEqual([]);
    expect(stay.signal.reason).toBe(reason);
  });
});

describe("a stay's commits", () => {
  test("have one outstanding, and skip to the newest offset", async () => {
    const first = Promise.withResolvers<void>();
    commit = (offset) => (offset === "1" ? first.promise : Promise.resolve());
    const stay = createStay();
    for (const offset of ["1", "2", "3"]) stay.commit(offset);
    expect(calls).toEqual(["commit 1"]);
    first.resolve();
    await stay.settled();
    expect(calls).toEqual(["commit 1", "commit 3"]);
  });

  test("still go out while the process stops", async () => {
    const stay = createStay();
    stay.end("stopping");
    stay.commit("5");
    await stay.settled();
    expect(calls).toEqual(["commit 5"]);
  });

  test("never go out for a partition that was lost", async () => {
    const first = Promise.withResolvers<void>();
    commit = () => first.promise;
    const stay = createStay();
    stay.commit("5");
    stay.commit("6");
    stay.end("lost");
    first.resolve();
    stay.commit("7");
    await stay.settled();
    expect(calls).toEqual(["commit 5"]);
  });

  test("are tried again when they fail, with the newest offset", async () => {
    let fails = true;
    const failed = Promise.withResolvers<void>();
    const succeeded = Promise.withResolvers<void>();
    commit = async () => {
      if (!fails) return succeeded.resolve();
      failed.resolve();
      throw new Error("the coordinator moved");
    };
    const stay = createStay();
    stay.commit("5");
    await failed.promise;
    fails = false;
    stay.commit("8");
    await succeeded.promise;
    expect(calls).toEqual(["commit 5", "commit 8"]);
  });
});
