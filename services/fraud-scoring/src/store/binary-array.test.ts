import { expect, test } from "@jest/globals";
import { byteaArray, int8Array, packedByteaArray, textArray, uuidArray } from "./binary-array.ts";

const elements = (array: Buffer) => {
  const found: (string | null)[] = [];
  for (let at = 20; at < array.length; ) {
    const size = array.readInt32BE(at);
    at += 4;
    found.push(size < 0 ? null : array.toString("hex", at, at + size));
    at += Math.max(size, 0);
  }
  return found;
};

test("elements lie behind their lengths, numbers in network order, nulls without bytes", () => {
  expect(elements(textArray(["é", ""]))).toEqual(["c3a9", ""]);
  expect(elements(byteaArray([Buffer.from([0, 255])]))).toEqual(["00ff"]);
  expect(elements(packedByteaArray(["\x00\xff"]))).toEqual(["00ff"]);
  expect(elements(int8Array([0, -1, null, 2 ** 53 - 1, -(2 ** 53 - 1)]))).toEqual([
    "0000000000000000",
    "ffffffffffffffff",
    null,
    "001fffffffffffff",
    "ffe0000000000001",
  ]);
  expect(elements(uuidArray(["0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000"]))).toEqual([
    "0190aaaabbbb7ccc8dddeeeeffff0000",
  ]);
});

test("the head tells dimensions, nulls, type and number of elements", () => {
  const head = (array: Buffer) => [0, 4, 8, 12, 16].map((at) => array.readInt32BE(at));
  expect(head(textArray(["a", "b"]))).toEqual([1, 0, 25, 2, 1]);
  expect(head(int8Array([null]))).toEqual([1, 1, 20, 1, 1]);
});
