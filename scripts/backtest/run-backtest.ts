import { once } from "node:events";
import { createWriteStream, statSync } from "node:fs";
import {
  createEngine,
  type FinalResult,
  KeyedRunner,
  type RulePack,
  type StepTail,
} from "@holdfast/cep";
import { linesOf, type Progress, readerFor } from "./records.ts";
import { Tally } from "./tally.ts";

export interface BacktestOptions {
  readonly pack: RulePack;
  readonly input: string;
  readonly boundMs: number;
  /** File for one JSON line per hit. */
  readonly out: string | undefined;
  /** Told how much of the file has been read, from 0 to 1. */
  readonly onProgress: (share: number, records: number) => void;
}

/**
 * Streams a file through the rules in final mode: every event is judged when the watermark has
 * passed it, in order of time. The same input and rules give the same bytes.
 */
export async function runBacktest(options: BacktestOptions): Promise<Tally> {
  const { pack, input, boundMs, out } = options;
  const engine = createEngine(pack, { time: "final" });
  const tally = new Tally(pack);
  const hits = out === undefined ? undefined : createWriteStream(out);
  const lines: string[] = [];
  const note = (key: string, tail: StepTail): void => {
    for (const final of tail.finals) {
      if (final.hits.length === 0) continue;
      const results = final.results.filter((result) => result.outcome === "hit");
      tally.addHits(key, final, results);
      if (hits !== undefined) for (const result of results) lines.push(hitLine(key, final, result));
    }
    for (const alert of tail.alerts) tally.addAlert(alert);
  };
  const runner = new KeyedRunner(engine, {
    boundMs,
    onStep: (key, _event, step) => note(key, step),
    onTime: note,
  });
  const flush = async (): Promise<void> => {
    if (hits === undefined || lines.length === 0) return;
    const room = hits.write(lines.join(""));
    lines.length = 0;
    if (!room) await once(hits, "drain");
  };
  const size = statSync(input).size;
  const progress: Progress = { bytes: 0 };
  let read: ReturnType<typeof readerFor> | undefined;
  for await (const chunk of linesOf(input, progress)) {
    for (const line of chunk) {
      if (read === undefined) {
        read = readerFor(line, pack.stream);
        if (!line.startsWith("{")) continue;
      }
      const record = read(line);
      if (record === undefined) continue;
      tally.addRecord(record);
      runner.push(record.key, record.event);
    }
    await flush();
    options.onProgress(progress.bytes / size, tally.input.records);
  }
  runner.finish();
  await flush();
  if (hits !== undefined) {
    hits.end();
    await once(hits, "finish");
  }
  return tally;
}

function hitLine(key: string, final: FinalResult, result: FinalResult["results"][number]): string {
  const { ruleId, version, mode, action, score, reason, values, eventIds, explanation } = result;
  return `${JSON.stringify({
    key,
    at: new Date(final.at).toISOString(),
    eventId: final.eventId,
    window: final.window,
    ruleId,
    version,
    mode,
    action,
    score,
    reason,
    values,
    eventIds,
    explanation,
  })}\n`;
}
