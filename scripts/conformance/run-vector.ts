import { Automaton, type Match, PatternError, stagesOf } from "@holdfast/cep";
import { specOf, type Vector, type VectorEvent } from "./vector.ts";

/** What a vector expects and what the engine gave, as sorted lines; equal lists are a pass. */
export interface Comparison {
  readonly id: string;
  readonly expected: readonly string[];
  readonly got: readonly string[];
}

export function passed({ expected, got }: Comparison): boolean {
  return expected.length === got.length && expected.every((line, i) => line === got[i]);
}

/** Runs one vector through the public interface of the engine. */
export function runVector(vector: Vector): Comparison {
  return { id: vector.id, expected: expectation(vector), got: answer(vector) };
}

function expectation(vector: Vector): readonly string[] {
  if (vector.error !== undefined) return ["refused"];
  const matches = (vector.matches ?? []).map((m) => `match ${m.at} ${m.by} ${text(m.stages)}`);
  const timeouts = (vector.timeouts ?? []).map((t) => `timeout ${t.at} ${text(t.stages)}`);
  return [...matches, ...timeouts].sort();
}

function text(stages: Readonly<Record<string, readonly string[]>>): string {
  const sorted = Object.entries(stages).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, ids]) => `${name}=${ids.join(",")}`).join(" ");
}

function answer(vector: Vector): readonly string[] {
  let automaton: Automaton<VectorEvent>;
  try {
    automaton = new Automaton(specOf(vector));
  } catch (error) {
    if (error instanceof PatternError) return ["refused"];
    return [`cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  }
  const lines: string[] = [];
  const named = ({ last }: Match<VectorEvent>): string => {
    const stages = stagesOf(automaton.spec, last);
    return text(
      Object.fromEntries(Object.entries(stages).map(([name, es]) => [name, es.map((e) => e.id)])),
    );
  };
  const runs = automaton.newRuns();
  const advance = (at: number): void => {
    const { matches, timedOut } = automaton.advance(runs, at);
    for (const match of matches) lines.push(`match ${at} advance ${named(match)}`);
    for (const match of timedOut) lines.push(`timeout ${match.at} ${named(match)}`);
  };
  let now: number | undefined;
  for (const event of vector.events) {
    if (event.ts !== now) advance(event.ts);
    now = event.ts;
    for (const match of automaton.process(runs, event, event.ts).matches) {
      lines.push(`match ${event.ts} ${event.id} ${named(match)}`);
    }
  }
  advance(vector.finalWatermark);
  return lines.sort();
}
