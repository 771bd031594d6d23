import { parseArgs } from "node:util";
import { faultNames } from "./faults/all.ts";

export const HELP = `Proves the suite under faults, on a native stack of its own.

  npm run chaos -- [options]

  --rounds N      rounds of load, faults, heal and judgement (default 1)
  --seed S        decides the load and the faults (default: drawn, and printed)
  --fault NAME    only faults whose name begins so; "none" for a round without faults
  --rate R        orders a second (default 20)
  --seconds T     length of a round's load (default 60)
  --json FILE     the report as JSON
  --keep          leave the stack's data and logs behind, whatever comes out

Faults: ${faultNames.join(", ")}
`;

/** I5: whatever is under way ends or waits for a person within this time after the heal. */
const restLimitMs = 60_000;

/** What one run of chaos is to do. */
export interface ChaosOptions {
  readonly rounds: number;
  readonly seed: number;
  /** The beginning of the names of the faults; "none" for none, null for all. */
  readonly fault: string | null;
  readonly ratePerSecond: number;
  readonly seconds: number;
  /** The longest wait for the suite to come to rest. */
  readonly restLimitMs: number;
  readonly jsonFile: string | null;
  readonly keep: boolean;
}

/** Undefined when help was asked for. Throws on an unknown option, fault or number. */
export function parseOptions(args: readonly string[]): ChaosOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "1" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
      fault: { type: "string" },
      rate: { type: "string", default: "20" },
      seconds: { type: "string", default: "60" },
      json: { type: "string" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const fault = values.fault ?? null;
  if (fault !== null && fault !== "none" && !faultNames.some((name) => name.startsWith(fault))) {
    throw new Error(`no fault is called ${fault}; there are: ${faultNames.join(", ")}`);
  }
  return {
    rounds: above(0, "rounds", values.rounds),
    seed: Number(values.seed),
    fault,
    ratePerSecond: above(0, "rate", values.rate),
    seconds: above(0, "seconds", values.seconds),
    restLimitMs,
    jsonFile: values.json ?? null,
    keep: values.keep,
  };
}

function above(least: number, name: string, text: string): number {
  const value = Number(text);
  if (!(value > least)) throw new Error(`--${name} takes a number above ${least}`);
  return value;
}

/** The command that does the same again. */
export function replayLine({ rounds, seed, fault, ratePerSecond, seconds }: ChaosOptions): string {
  const only = fault === null ? "" : ` --fault ${fault}`;
  return `npm run chaos -- --rounds ${rounds} --seed ${seed} --rate ${ratePerSecond} --seconds ${seconds}${only}`;
}
