/** The published view of a run: which processes it has, where they listen, how they are. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TraceStore } from "./plan.ts";
import { isAlive, type ProcessRef } from "./process-ref.ts";

export type PartState =
  | "waiting"
  | "starting"
  | "running"
  | "healthy"
  | "done"
  | "crashed"
  | "stopping"
  | "stopped"
  | "failed";

export interface PartView {
  readonly state: PartState;
  readonly process: ProcessRef | null;
  readonly stopSignal: NodeJS.Signals;
  readonly stopGraceMs: number;
  /** Native port by container port. */
  readonly ports: Readonly<Record<string, number>>;
  readonly log: string;
  readonly restarts: number;
}

export interface RunFile {
  readonly version: 1;
  readonly run: string;
  readonly state: "starting" | "ready" | "stopping";
  readonly supervisor: ProcessRef;
  /** Unix socket on which the supervisor takes orders. */
  readonly control: string;
  readonly portOffset: number;
  readonly traceStore: TraceStore;
  readonly startedAt: string;
  /** In the order in which they were planned. */
  readonly parts: Readonly<Record<string, PartView>>;
  readonly addresses: Readonly<Record<string, string>>;
}

export function runFilePath(home: string): string {
  return join(home, "run.json");
}

/** Null when there is none. */
export function readRunFile(home: string): RunFile | null {
  const path = runFilePath(home);
  if (!existsSync(path)) return null;
  return JSON.parse(readFileSync(path, "utf8")) as RunFile;
}

/** Readers see the old file or the new one, never a half. */
export function writeRunFile(home: string, file: RunFile): void {
  const path = runFilePath(home);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(file, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

export function isRunning(file: RunFile | null): file is RunFile {
  return file !== null && isAlive(file.supervisor);
}

/** Processes of a run whose supervisor was killed and could not take them along. */
export function orphansOf(file: RunFile): [name: string, part: PartView][] {
  return Object.entries(file.parts).filter(([, part]) => part.process && isAlive(part.process));
}
