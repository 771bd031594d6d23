import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "./fault.ts";

/** Nobody takes notifications for a while. */
const sinkDown: Fault = {
  name: "sink-down",
  mustAccept: true,
  strike: async ({ suite, random }) => {
    suite.receiver.setAway(true);
    await delay(random.between(5_000, 12_000));
    suite.receiver.setAway(false);
  },
};

/** Faults of where notifications go. */
export const sinkFaults: readonly Fault[] = [sinkDown];
