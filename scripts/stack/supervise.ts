/** One run from its first process to its last: the supervisor, its run file, its ear, its end. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseComposeFile } from "./compose-file.ts";
import { newSocketPath, removeSocket, serveControl } from "./control.ts";
import type { Tools } from "./launchers/launch.ts";
import { type NativePart, planNative } from "./plan.ts";
import { freeOffset, takenPorts } from "./ports.ts";
import { isAlive, type ProcessRef, refOf } from "./process-ref.ts";
import { type RunFile, runFilePath, writeRunFile } from "./run-file.ts";
import { root, type Settings } from "./settings.ts";
import { Supervisor } from "./supervisor.ts";
import { addressesOf } from "./well-known.ts";

export interface SuperviseOptions {
  readonly settings: Settings;
  readonly tools: Tools;
  /** Look for an offset at which every port is free, in place of the one that is set. */
  readonly freePorts: boolean;
  /** Names of parts, or null for all. */
  readonly only: readonly string[] | null;
  /** When this process has gone, everything stops; null to go on for ever. */
  readonly owner: ProcessRef | null;
  readonly onChange: (file: RunFile) => void;
}

/** Reads docker-compose.yml and plans the run. */
function planRun({ settings, tools, only }: SuperviseOptions, portOffset: number): NativePart[] {
  const text = readFileSync(join(root, "docker-compose.yml"), "utf8");
  return planNative(parseComposeFile(text, process.env), {
    root,
    home: settings.home,
    portOffset,
    traceStore: tools.jaeger === null ? "zipkin" : "jaeger",
    only,
  });
}

/**
 * Resolves, with the exit code, after everything has stopped: on SIGINT or SIGTERM, on an order by
 * the control socket, when the owner has gone, or when a part cannot start.
 */
export async function supervise(options: SuperviseOptions): Promise<number> {
  const plan = (portOffset: number) => planRun(options, portOffset);
  const portOffset = options.freePorts ? await freeOffset(plan) : options.settings.portOffset;
  const parts = plan(portOffset);
  const taken = await takenPorts(parts);
  if (taken.length > 0) throw new Error(taken.join("\n"));
  return new Run(parts, { ...options, settings: { ...options.settings, portOffset } }).untilEnd();
}

class Run {
  private readonly supervisor: Supervisor;
  private readonly options: SuperviseOptions;
  private file: RunFile;
  private end: (code: number) => void = () => {};
  private readonly ended: Promise<number>;

  constructor(parts: readonly NativePart[], options: SuperviseOptions) {
    this.options = options;
    this.supervisor = new Supervisor(parts, options.tools, () => this.publish({}));
    this.file = firstRunFile(parts, options);
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  async untilEnd(): Promise<number> {
    const control = await serveControl(this.file.control, this.supervisor, () => this.end(0));
    const finish = () => this.end(0);
    process.on("SIGINT", finish).on("SIGTERM", finish).on("SIGHUP", finish);
    const watch = this.watchOwner();
    this.supervisor.start().then(
      () => this.publish({ state: "ready" }),
      (error: unknown) => {
        this.publish({
          state: "failed",
          problem: error instanceof Error ? error.message : String(error),
        });
        this.end(1);
      },
    );
    const code = await this.ended;
    clearInterval(watch);
    if (this.file.state !== "failed") this.publish({ state: "stopping" });
    await this.supervisor.stop();
    control.close();
    removeSocket(this.file.control);
    rmSync(runFilePath(this.options.settings.home), { force: true });
    return code;
  }

  private watchOwner(): NodeJS.Timeout {
    const { owner } = this.options;
    return setInterval(() => {
      if (owner && !isAlive(owner)) this.end(0);
    }, 1000);
  }

  private publish(change: Partial<RunFile>): void {
    this.file = { ...this.file, ...change, parts: this.supervisor.views };
    writeRunFile(this.options.settings.home, this.file);
    this.options.onChange(this.file);
  }
}

function firstRunFile(
  parts: readonly NativePart[],
  { settings, tools }: SuperviseOptions,
): RunFile {
  const self = refOf(process.pid);
  if (!self) throw new Error("this process cannot find itself in the process table");
  const traceStore = tools.jaeger === null ? "zipkin" : "jaeger";
  return {
    version: 1,
    run: settings.run,
    state: "starting",
    problem: null,
    supervisor: self,
    control: newSocketPath(),
    portOffset: settings.portOffset,
    traceStore,
    startedAt: new Date().toISOString(),
    parts: {},
    addresses: addressesOf(parts, traceStore),
  };
}
