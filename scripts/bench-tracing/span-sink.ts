import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { usageOf } from "../bench/process-usage.ts";

/**
 * A collector that takes all and keeps nothing, in a process of its own: what tracing costs is then what
 * the services pay, and what the collector takes of the machine is known.
 */
export interface SpanSink {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  /** How many bytes of spans came. */
  bytes(): Promise<number>;
  /** What its process has taken of a processor so far. */
  cpuSeconds(): number;
  close(): Promise<void>;
}

/** Listens on a free port of the loopback address. */
export async function createSpanSink(): Promise<SpanSink> {
  const child = fork(join(import.meta.dirname, "span-sink-process.ts"));
  const [port] = (await once(child, "message")) as [number];
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bytes: async () => {
      const answer = once(child, "message");
      child.send("bytes");
      const [bytes] = (await answer) as [number];
      return bytes;
    },
    cpuSeconds: () => usageOf(child.pid ?? 0).cpuSeconds,
    close: async () => {
      const gone = once(child, "exit");
      child.disconnect();
      await gone;
    },
  };
}
