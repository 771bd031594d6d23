import { type Given, Misuse, positive } from "../command/run-command.ts";
import { faultNames } from "./faults/all.ts";

export const HELP = `Proves the suite under faults, on a native stack of its own.

  npm run chaos -- [options]

  --rounds N      rounds of load, faults, heal and judgement (default 1)
  --seed S        decides the load and the faults (default: drawn, and printed)
  --fault NAME    only faults whose name begins so; "none" for a round without faults
  --rate R        orders a second (default 20)
  --seconds T     length of a round's load (default 60)
  --json FILE     the report as JSON
  --patience F    times every limit: above 1 on a machine that others use too (default 1)
  --keep          leave the stack's data and logs behind, whatever comes out

Faults: ${faultNames.join(", ")}
`;

/** The longest times that things may take, in milliseconds. */
export interface Limits {
  /** I5: from the last heal until everything has ended or waits for a person. */
  readonly restMs: number;
  /** I14: from the mending of a fault until an order that is placed then is confirmed. */
  readonly recoveryMs: number;
  /** I14: an order at rest. */
  readonly probeMs: number;
  /** How long a customer tries again before giving up. */
  readonly answerMs: number;
  /** I15: how long an order may have to be tried again and still count as accepted at once. */
  readonly retryMs: number;
}

/** The limits of a machine that has nothing else to do, times `patience`; those are the project's goals. */
export const limitsFor = (patience: number): Limits => ({
  restMs: 60_000 * patience,
  recoveryMs: 30_000 * patience,
  probeMs: 5_000 * patience,
  answerMs: 30_000 * patience,
  retryMs: 5_000 * (patience - 1),
});

/** What one run of chaos is to do. */
export interface ChaosOptions {
  readonly rounds: number;
  readonly seed: number;
  /** The beginning of the names of the faults; "none" for none, null for all. */
  readonly fault: string | null;
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly limits: Limits;
  readonly patience: number;
  readonly jsonFile: string | null;
  readonly keep: boolean;
}

/** What `npm run chaos` takes, for `runCommand`. */
export const flags = {
  rounds: { type: "string", default: "1" },
  seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
  fault: { type: "string" },
  rate: { type: "string", default: "20" },
  seconds: { type: "string", default: "60" },
  patience: { type: "string", default: "1" },
  json: { type: "string" },
  keep: { type: "boolean", default: false },
} as const;

/** What was typed. Throws Misuse on a fault or a number that does not exist. */
export function readOptions({ values }: Given<typeof flags>): ChaosOptions {
  const fault = values.fault ?? null;
  if (fault !== null && fault !== "none" && !faultNames.some((name) => name.startsWith(fault))) {
    throw new Misuse(`No fault is called ${fault}; there are: ${faultNames.join(", ")}`);
  }
  const patience = positive("patience", values.patience);
  return {
    rounds: positive("rounds", values.rounds),
    seed: positive("seed", values.seed),
    fault,
    ratePerSecond: positive("rate", values.rate),
    seconds: positive("seconds", values.seconds),
    limits: limitsFor(patience),
    patience,
    jsonFile: values.json ?? null,
    keep: values.keep,
  };
}

/** The command that does the same again. */
export function replayLine(options: ChaosOptions): string {
  const { rounds, seed, fault, ratePerSecond, seconds, patience } = options;
  const words = ["--rounds", rounds, "--seed", seed, "--rate", ratePerSecond, "--seconds", seconds];
  if (fault !== null) words.push("--fault", fault);
  if (patience !== 1) words.push("--patience", patience);
  return `npm run chaos -- ${words.join(" ")}`;
}
