import { KeyedRunner } from "../host/keyed-runner.ts";
import { engineOf, event, rule } from "./payments.ts";

/*
 * Run by a test as a process of its own, for a heap of its own: `node --expose-gc forget-keys.ts N`
 * lets N keys speak once, then only time pass, and prints what was held before and after.
 */

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const keys = Number(process.argv[2]);
const engine = engineOf(rule("three", "window: { sliding: 60s }\nhaving: count() >= 3"));
const runner = new KeyedRunner(engine, {
  boundMs: 0,
  onStep: () => undefined,
  onTime: () => undefined,
});
runner.push("clock", event(0));
const atStart = heapBytes();
for (let i = 0; i < keys; i++) runner.push(`card-${i}`, event(1, { id: `e${i}`, amount: 100 }));
const peak = { keys: runner.size, bytes: heapBytes() - atStart };
for (let at = 60_000; at <= 1_200_000; at += 60_000) runner.push("clock", event(at));
const left = { keys: runner.size, bytes: heapBytes() - atStart };
console.log(JSON.stringify({ peak, left }));
