import type { Link, Run, Runs } from "../pattern/runs.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { RunEvent } from "./state.ts";

/** Writes runs as a table of links, each after the one it follows, and runs that point into it. */
export function writeRuns(writer: ByteWriter, runs: Runs<RunEvent>): void {
  const places = new Map<Link<RunEvent>, number>();
  const links: Link<RunEvent>[] = [];
  for (const run of [...runs.active, ...runs.completed]) collect(run.last, places, links);
  writer.list(links, (link) => {
    writer.count(link.before === undefined ? 0 : (places.get(link.before) ?? 0) + 1);
    writer.count(link.stage);
    writer.count(link.sequence);
    writer.time(link.at);
    writer.text(link.event.id);
    writer.list(link.event.values, (value) => writer.value(value));
  });
  const write = (run: Run<RunEvent>): void => {
    writer.count(run.state);
    writer.count(run.last === undefined ? 0 : (places.get(run.last) ?? 0) + 1);
    writer.time(run.startAt);
    writer.time(run.startSequence);
    writer.time(run.lastAt);
  };
  writer.list(runs.active, write);
  writer.list(runs.completed, write);
  writer.count(runs.sequence);
  writer.byte(runs.overflowed ? 1 : 0);
}

function collect(
  last: Link<RunEvent> | undefined,
  places: Map<Link<RunEvent>, number>,
  links: Link<RunEvent>[],
): void {
  const chain: Link<RunEvent>[] = [];
  for (let link = last; link !== undefined && !places.has(link); link = link.before) {
    chain.push(link);
  }
  for (const link of chain.reverse()) places.set(link, links.push(link) - 1);
}

export function readRuns(reader: ByteReader): Runs<RunEvent> {
  const links: Link<RunEvent>[] = [];
  reader.list(() => {
    const before = links[reader.count() - 1];
    const stage = reader.count();
    const sequence = reader.count();
    const at = reader.time();
    const event = { id: reader.text(), at, values: reader.list(() => reader.value()) };
    links.push({ event, at, sequence, stage, before });
  });
  const read = (): Run<RunEvent> => ({
    state: reader.count(),
    last: links[reader.count() - 1],
    startAt: reader.time(),
    startSequence: reader.time(),
    lastAt: reader.time(),
  });
  return {
    active: reader.list(read),
    completed: reader.list(read),
    sequence: reader.count(),
    overflowed: reader.byte() === 1,
  };
}
