import type { Fault } from "./fault.ts";
import { networkFaults } from "./network.ts";
import { processFaults } from "./processes.ts";
import { providerFaults } from "./provider.ts";
import { recordFaults } from "./records.ts";
import { sinkFaults } from "./sinks.ts";
import { slotFaults } from "./slots.ts";

export const faults: readonly Fault[] = [
  ...processFaults,
  ...providerFaults,
  ...recordFaults,
  ...slotFaults,
  ...sinkFaults,
  ...networkFaults,
];

export const faultNames: readonly string[] = faults.map(({ name }) => name);
