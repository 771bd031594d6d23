import { setTimeout as delay } from "node:timers/promises";
import { type ControlSignal, type PartName, waitFor } from "@holdfast/testkit";
import { eventServices } from "../../command/services.ts";
import type { Fault } from "./fault.ts";

/** What an order is accepted with: the service itself, its database, and whoever knows the cards. */
const needed: readonly PartName[] = ["order", "payment", "postgres"];

const mustAccept = (part: PartName): boolean => !needed.includes(part);

/** The process dies without a word; whatever supervises it starts it again. */
const kill = (part: PartName): Fault => ({
  name: `kill-${part}`,
  mustAccept: mustAccept(part),
  strike: ({ suite }) => suite.control.signal(part, "SIGKILL"),
});

const crashLimitMs = 5_000;

/** The process dies between the commit of an effect and the commit of its offset. */
const crash = (part: PartName): Fault => ({
  name: `crash-${part}`,
  mustAccept: mustAccept(part),
  strike: async ({ suite: { control } }) => {
    const pid = control.pid(part);
    await control.signal(part, "SIGUSR2");
    const what = `${part} to come to a crash point`;
    await waitFor(() => control.pid(part) !== pid, { limitMs: crashLimitMs, what }).catch(() =>
      control.signal(part, "SIGKILL"),
    );
  },
});

/** The process stands still for longer than its session lives, then goes on as if nothing had been. */
const freeze = (part: PartName): Fault => ({
  name: `freeze-${part}`,
  mustAccept: mustAccept(part),
  strike: async ({ suite, random }) => {
    await suite.control.signal(part, "SIGSTOP");
    await delay(random.between(8_000, 11_000));
    await suite.control.signal(part, "SIGCONT").catch(() => undefined);
  },
});

interface Outage {
  readonly name: string;
  readonly part: PartName;
  readonly signal: ControlSignal;
  readonly shortestMs: number;
  readonly longestMs: number;
}

/** The part is away for a while. */
const outage = ({ name, part, signal, shortestMs, longestMs }: Outage): Fault => ({
  name,
  mustAccept: mustAccept(part),
  strike: async ({ suite, random }) => {
    await suite.control.stop(part, signal);
    await delay(random.between(shortestMs, longestMs));
    await suite.control.start(part);
  },
});

/** A service has to start while nobody tells it the schemas. */
const startWithoutRegistry: Fault = {
  name: "registry-down-at-start",
  mustAccept: false,
  strike: async ({ suite, random }) => {
    await suite.control.stop("registry");
    await suite.control.signal(random.pick(eventServices), "SIGKILL");
    await delay(random.between(8_000, 12_000));
    await suite.control.start("registry");
  },
};

/** Faults of whole processes: signals, and parts that are away. */
export const processFaults: readonly Fault[] = [
  ...eventServices.map(kill),
  kill("operations"),
  kill("payment-provider"),
  ...eventServices.map(crash),
  ...eventServices.map(freeze),
  outage({
    name: "broker-stop",
    part: "kafka",
    signal: "SIGTERM",
    shortestMs: 0,
    longestMs: 5_000,
  }),
  outage({
    name: "broker-kill",
    part: "kafka",
    signal: "SIGKILL",
    shortestMs: 0,
    longestMs: 5_000,
  }),
  outage({
    name: "postgres-stop",
    part: "postgres",
    signal: "SIGINT",
    shortestMs: 0,
    longestMs: 3_000,
  }),
  { ...kill("postgres"), name: "postgres-kill" },
  outage({
    name: "registry-down",
    part: "registry",
    signal: "SIGTERM",
    shortestMs: 5_000,
    longestMs: 10_000,
  }),
  startWithoutRegistry,
  outage({
    name: "connect-down",
    part: "connect",
    signal: "SIGTERM",
    shortestMs: 5_000,
    longestMs: 12_000,
  }),
  { ...kill("connect"), name: "connect-kill" },
  outage({
    name: "scorer-away",
    part: "fraud-scoring",
    signal: "SIGKILL",
    shortestMs: 4_000,
    longestMs: 8_000,
  }),
];
