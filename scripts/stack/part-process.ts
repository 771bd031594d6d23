import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Launch } from "./launchers/launch.ts";
import type { NativePart } from "./plan.ts";
import { isHealthy } from "./probe.ts";
import { endProcess, type ProcessRef, refOf, signalProcess } from "./process-ref.ts";
import type { PartState, PartView } from "./run-file.ts";

const startLimitMs = 120_000;
const probeEveryMs = 100;

/**
 * One part of the map as a process of this machine.
 *
 * waiting → starting → healthy (or running, when it has no health check; or done, when it was there to
 * run to its end). Any other process that ends by itself is crashed, and its owner decides whether it starts again. stop() leads through stopping
 * to stopped, from where start() begins anew. failed: it never became healthy.
 */
export class PartProcess {
  state: PartState = "waiting";
  restarts = 0;
  readonly part: NativePart;
  private readonly prepare: () => Promise<Launch>;
  private readonly changed: () => void;
  private child: ChildProcess | null = null;
  private ref: ProcessRef | null = null;
  private stopSignal: NodeJS.Signals = "SIGTERM";

  constructor(part: NativePart, prepare: () => Promise<Launch>, changed: () => void) {
    this.part = part;
    this.prepare = prepare;
    this.changed = changed;
  }

  get view(): PartView {
    return {
      state: this.state,
      process: this.ref,
      stopSignal: this.stopSignal,
      stopGraceMs: this.part.stopGraceMs,
      ports: Object.fromEntries(this.part.ports),
      log: this.part.logFile,
      restarts: this.restarts,
    };
  }

  /** Resolves once the part is healthy; rejects, with the end of its log, when it ends before that. */
  async start(): Promise<void> {
    if (this.child) throw new Error(`${this.part.name} is running already`);
    this.become("starting");
    try {
      const launch = await this.prepare();
      if (this.state !== "starting")
        throw new Error(`${this.part.name} was stopped while starting`);
      this.spawn(launch);
      await this.awaitHealth();
    } catch (error) {
      if (this.state === "starting" || this.state === "crashed") this.become("failed");
      throw error;
    }
  }

  /** Resolves once the process has gone and will not come back by itself. Does nothing without one. */
  async stop(signal: NodeJS.Signals = this.stopSignal): Promise<void> {
    this.become(this.ref ? "stopping" : "stopped");
    if (this.ref) await endProcess(this.ref, signal, this.part.stopGraceMs);
    this.child = null;
    this.ref = null;
    this.become("stopped");
  }

  /** Says whether the process was there to hear it. */
  signal(signal: NodeJS.Signals): boolean {
    return this.ref !== null && signalProcess(this.ref, signal);
  }

  private spawn(launch: Launch): void {
    const log = openLog(this.part.logFile);
    const child = spawn(launch.file, launch.args, {
      cwd: launch.cwd,
      env: launch.environment,
      stdio: ["ignore", log, log],
      detached: true, // Ctrl-C in the terminal reaches the supervisor alone, which stops its parts in order
      ...launch.user,
    });
    closeSync(log);
    this.child = child;
    this.stopSignal = launch.stopSignal;
    this.ref = child.pid === undefined ? null : refOf(child.pid);
    child.once("error", () => this.ended(child));
    child.once("exit", (code) => this.ended(child, code));
    this.changed();
  }

  private ended(child: ChildProcess, code: number | null = null): void {
    if (this.child !== child) return; // an earlier process of this part
    this.child = null;
    this.ref = null;
    if (this.state === "stopping") return;
    this.become(this.part.runsToEnd && code === 0 ? "done" : "crashed");
  }

  private async awaitHealth(): Promise<void> {
    const { probe, name, runsToEnd } = this.part;
    if (!probe && !runsToEnd) return this.become("running");
    const deadline = performance.now() + startLimitMs;
    while (!(await this.isThere())) {
      if (this.state !== "starting" && this.state !== "done")
        throw new Error(`${name} ended while starting\n${this.logTail()}`);
      if (performance.now() > deadline) {
        throw new Error(
          `${name} was not healthy within ${startLimitMs / 1000} s\n${this.logTail()}`,
        );
      }
      await sleep(probeEveryMs);
    }
    if (this.state === "starting") this.become("healthy");
  }

  private async isThere(): Promise<boolean> {
    const { probe } = this.part;
    return this.state === "done" || (probe !== null && (await isHealthy(probe)));
  }

  private logTail(): string {
    const lines = readFileSync(this.part.logFile, "utf8").trimEnd().split("\n");
    return lines.slice(-15).join("\n");
  }

  private become(state: PartState): void {
    this.state = state;
    this.changed();
  }
}

const logLimitBytes = 32 * 1024 * 1024;

/** Appends, so that a restart does not hide why the last process ended; one old file is kept. */
function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path) && statSync(path).size > logLimitBytes) renameSync(path, `${path}.1`);
  return openSync(path, "a");
}
