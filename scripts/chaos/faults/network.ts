import { setTimeout as delay } from "node:timers/promises";
import { proxiedParts } from "../network/network.ts";
import type { Toxic } from "../network/tcp-proxy.ts";
import type { Fault } from "./fault.ts";

const toxics: readonly Toxic[] = [
  { type: "latency", latencyMs: 300 },
  { type: "bandwidth", bytesPerSecond: 50_000 },
  { type: "slicer", bytes: 7 },
  { type: "timeout" },
  { type: "reset_peer" },
  { type: "down" },
];

/** The network to one part is spoilt for a while. */
const spoil = (toxic: Toxic): Fault => ({
  name: `network-${toxic.type.replace("_", "-")}`,
  mustAccept: false,
  strike: async ({ suite, random, history }) => {
    const part = random.pick(proxiedParts);
    history.note("toxic", { part, ...toxic });
    suite.network.spoil(part, toxic);
    await delay(random.between(3_000, 7_000));
    suite.network.spoil(part, null);
  },
});

/** Faults of the network between the services and what they call. */
export const networkFaults: readonly Fault[] = toxics.map(spoil);
