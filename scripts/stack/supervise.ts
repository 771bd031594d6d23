/** One run from its first process to its last: the supervisor, its run file, its ear, its end. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseDetours } from "./addresses.ts";
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

/** Reads docker-compose.yml, or what Compose's own COMPOSE_FILE names, and plans the run. */
function planRun({ settings, tools, only }: SuperviseOptions, portOffset: number): NativePart[] {
  const names = process.env["COMPOSE_FILE"] || "docker-compose.yml";
  const texts = names.split(":").map((name) => readFileSync(join(root, name), "utf8"));
  return planNative(parseComposeFile(texts, process.env), {
    root,
    home: settings.home,
    portOffset,
    traceStore: tools.jaeger === null ? "zipkin" : "jaeger",
    only,
    detours: parseDetours(process.env["HOLDFAST_VIA"] ?? ""),
  });
}

/**
 * Resolves after everything has stopped: on SIGINT or SIGTERM, on an order by the control socket,
 * or when the owner has gone. Rejects, after everything has stopped, when a part cannot start.
 */
export async function supervise(options: SuperviseOptions): Promise<void> {
  const plan = (portOffset: number) => planRun(options, portOffset);
  const portOffset = options.freePorts ? await freeOffset(plan) : options.settings.portOffset;
  const parts = plan(portOffset);
  const taken = await takenPorts(parts);
  if (taken.length > 0) throw new Error(taken.join("\n"));
  await new Run(parts, { ...options, settings: { ...options.settings, portOffset } }).untilEnd();
}

class Run {
  private readonly supervisor: Supervisor;
  private readonly options: SuperviseOptions;
  private file: RunFile;
  private end: (problem: Error | null) => void = () => {};
  private readonly ended: Promise<Error | null>;
  private over = false;

  constructor(parts: readonly NativePart[], options: SuperviseOptions) {
    this.options = options;
    this.supervisor = new Supervisor(parts, options.tools, () => this.publish({}));
    this.file = firstRunFile(parts, options);
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  async untilEnd(): Promise<void> {
    const finish = () => this.end(null);
    const control = await serveControl(this.file.control, this.supervisor, finish);
    process.on("SIGINT", finish).on("SIGTERM", finish).on("SIGHUP", finish);
    const watch = this.watchOwner();
    this.supervisor.start().then(
      () => this.file.state === "starting" && this.publish({ state: "ready" }),
      (error: unknown) => this.end(error instanceof Error ? error : new Error(String(error))),
    );
    const problem = await this.ended;
    clearInterval(watch);
    this.publish({ state: "stopping" });
    await this.supervisor.stop();
    this.over = true;
    control.close();
    removeSocket(this.file.control);
    rmSync(runFilePath(this.options.settings.home), { force: true });
    if (problem) throw problem;
  }

  private watchOwner(): NodeJS.Timeout {
    const { owner } = this.options;
    return setInterval(() => {
      if (owner && !isAlive(owner)) this.end(null);
    }, 1000);
  }

  private publish(change: Partial<RunFile>): void {
    if (this.over) return;
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
    supervisor: self,
    control: newSocketPath(),
    portOffset: settings.portOffset,
    traceStore,
    startedAt: new Date().toISOString(),
    parts: {},
    addresses: addressesOf(parts, traceStore),
  };
}
