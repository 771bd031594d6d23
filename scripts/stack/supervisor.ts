import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { launchers } from "./launchers/all.ts";
import type { Tools } from "./launchers/launch.ts";
import { PartProcess } from "./part-process.ts";
import type { NativePart } from "./plan.ts";
import type { PartView } from "./run-file.ts";
import { Slots } from "./slots.ts";

const longestPauseMs = 30_000;

/**
 * Starts the parts of a plan in the order of their dependencies, restarts those that crash, and
 * stops them in reverse. It ends nothing that it did not start.
 */
export class Supervisor {
  private readonly processes = new Map<string, PartProcess>();
  private readonly starts = new Map<string, Promise<void>>();
  private readonly ranks: ReadonlyMap<string, number>;
  private readonly onChange: () => void;
  private settled = false;
  private stopping = false;

  /** `parts` in dependency order; `onChange` is called after every change of state. */
  constructor(parts: readonly NativePart[], tools: Tools, onChange: () => void) {
    this.onChange = onChange;
    this.ranks = rankByDependents(parts);
    for (const part of parts) {
      const prepare = () => launchers[part.launcher](part, tools);
      const process = new PartProcess(part, prepare, () => this.changed(process));
      this.processes.set(part.name, process);
    }
  }

  get views(): Record<string, PartView> {
    return Object.fromEntries([...this.processes].map(([name, process]) => [name, process.view]));
  }

  /** Resolves when every part is up; rejects with the first failure, leaving the rest as it is. */
  async start(): Promise<void> {
    const slots = new Slots(Math.max(2, availableParallelism()));
    for (const process of this.processes.values()) {
      this.starts.set(process.part.name, this.startInTurn(process, slots));
    }
    await Promise.all(this.starts.values());
    this.settled = true;
  }

  /** Parts that others wait for go last. Safe to call in any state, and twice. */
  async stop(): Promise<void> {
    this.stopping = true;
    const stopped = new Map<string, Promise<void>>();
    for (const process of [...this.processes.values()].reverse()) {
      const dependents = [...this.processes.values()].filter(
        (other) => process.part.name in other.part.dependsOn,
      );
      const before = dependents.map((other) => stopped.get(other.part.name));
      stopped.set(
        process.part.name,
        Promise.all(before).then(() => process.stop()),
      );
    }
    await Promise.all(stopped.values());
  }

  /** Holds one part down until startPart. Throws for a name that is not in the plan. */
  async stopPart(name: string, signal?: NodeJS.Signals): Promise<void> {
    await this.find(name).stop(signal);
  }

  /** Resolves once it is healthy. */
  async startPart(name: string): Promise<void> {
    await this.find(name).start();
  }

  signalPart(name: string, signal: NodeJS.Signals): boolean {
    return this.find(name).signal(signal);
  }

  private find(name: string): PartProcess {
    const process = this.processes.get(name);
    if (!process) throw new Error(`this run has no part "${name}"`);
    return process;
  }

  private async startInTurn(process: PartProcess, slots: Slots): Promise<void> {
    const { name, dependsOn } = process.part;
    // Every condition that the file uses is met by the other's start: it is healthy then, or done.
    await Promise.all(Object.keys(dependsOn).map((other) => this.starts.get(other)));
    await slots.use(this.ranks.get(name) ?? 0, async () => {
      if (!this.stopping) await process.start();
    });
  }

  private changed(process: PartProcess): void {
    this.onChange();
    const restart = process.state === "crashed" && process.part.restart;
    if (restart && this.settled && !this.stopping) void this.revive(process);
  }

  /** Twice the pause after each failure; it goes on until somebody stops the part. */
  private async revive(process: PartProcess): Promise<void> {
    for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      await sleep(pauseMs);
      if (this.stopping || (process.state !== "crashed" && process.state !== "failed")) return;
      process.restarts++;
      const revived = await process.start().then(
        () => true,
        () => false,
      );
      if (revived) return;
    }
  }
}

/** How many parts wait for each, directly or not: what holds up most others starts first. */
function rankByDependents(parts: readonly NativePart[]): Map<string, number> {
  const ranks = new Map<string, number>();
  for (const part of parts.toReversed()) {
    const dependents = parts.filter((other) => part.name in other.dependsOn);
    ranks.set(
      part.name,
      dependents.reduce((sum, other) => sum + 1 + (ranks.get(other.name) ?? 0), 0),
    );
  }
  return ranks;
}
