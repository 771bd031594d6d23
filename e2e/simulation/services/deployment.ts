import { createDatabaseOn, type Ids } from "@holdfast/outbox";
import { jsonCodec } from "@holdfast/testkit";
import type pg from "pg";
import type { Bug, World } from "../bug.ts";
import type { Broker } from "../bus/broker.ts";
import { type DeadLetter, startConsumer } from "../bus/consumer.ts";
import type { Engine } from "../postgres/engine.ts";
import { type ConnectionFaults, createPool } from "../postgres/pool.ts";
import { createLookup, type StatementTable } from "../postgres/statement-table.ts";
import type { ServiceName } from "../scenario.ts";
import { SimulatedProcess } from "../world/process.ts";
import type { Scheduler } from "../world/scheduler.ts";
import type { Ground, Part } from "./part.ts";

/** What one service is made of. */
export interface DeploymentOptions {
  readonly scheduler: Scheduler;
  readonly name: ServiceName;
  readonly engine: Engine;
  readonly statements: StatementTable;
  readonly bug: Bug;
  readonly faults: ConnectionFaults;
  readonly broker: Broker;
  readonly ids: Ids;
  readonly clockSkewMs: number;
  readonly deadLetters: DeadLetter[];
  readonly start: (ground: Ground, process: SimulatedProcess) => Part;
}

/** One process and what it runs. */
export interface Instance extends Part {
  readonly process: SimulatedProcess;
}

/** Longer than this without a heartbeat and the group goes on without a member. */
const sessionTimeoutMs = 6_000;
/** Until a member that went on again learns that it was dropped. */
const newsOfLossMs = 2_000;
const workersPerQueue = 2;
const pollMs = 1_000;

/** One service: a process that is started anew after each death, and its database, which outlives it. */
export class Deployment {
  readonly name: ServiceName;
  readonly engine: Engine;
  readonly #options: DeploymentOptions;
  readonly #world: World;
  readonly #lookup: ReturnType<typeof createLookup>;
  readonly #processes: SimulatedProcess[] = [];
  readonly #wakers = new Set<() => void>();
  #current: Instance | undefined;

  constructor(options: DeploymentOptions) {
    this.#options = options;
    this.name = options.name;
    this.engine = options.engine;
    const { scheduler, broker, engine, name: service, bug, statements } = options;
    this.#world = { scheduler, broker, engine, service };
    this.#lookup = createLookup(bug.statements?.(statements, this.#world) ?? statements);
    this.engine.onCommit((writes) => {
      if (!writes.has("work_queue")) return;
      for (const wake of this.#wakers) wake();
    });
    this.#start();
  }

  /** The process that answers; undefined while there is none. */
  get current(): Instance | undefined {
    return this.#current;
  }

  /** kill -9; another process starts `awayMs` later. */
  kill(awayMs: number): void {
    this.#current?.process.kill();
    this.#current = undefined;
    this.#options.scheduler.later(awayMs, () => this.#start());
  }

  /**
   * SIGSTOP for `lastsMs`. If that is longer than the session time-out another process takes over, and
   * the stopped one goes on where it stood, none the wiser for a while.
   */
  stop(lastsMs: number): void {
    const instance = this.#current;
    if (instance === undefined || instance.process.stopped) return;
    const { scheduler } = this.#options;
    const { process } = instance;
    process.stop();
    if (lastsMs > sessionTimeoutMs) {
      scheduler.later(sessionTimeoutMs, () => {
        process.fenced = true;
        if (this.#current === instance) this.#start();
      });
      scheduler.later(lastsMs + scheduler.random() * newsOfLossMs, () =>
        process.lost.abort("lost"),
      );
      scheduler.later(lastsMs + 2 * newsOfLossMs, () => process.kill());
    }
    scheduler.later(lastsMs, () => process.resume());
  }

  /** The end of every process there ever was; what they still wait for never comes. */
  close(): void {
    for (const process of this.#processes) process.kill();
    this.#current = undefined;
  }

  #start(): void {
    if (this.#current?.process.alive && !this.#current.process.stopped) return;
    const { scheduler, name, clockSkewMs, ids, start, bug } = this.#options;
    const skew = Math.round((2 * scheduler.random() - 1) * clockSkewMs);
    const process = new SimulatedProcess(scheduler, { name, clockSkewMs: skew });
    const database = createDatabaseOn(this.#connect(process), { ids, codec: jsonCodec });
    process.onDeath(() => void database.close());
    this.#processes.push(process);
    const part = start({ database, clock: process.clock, ids }, process);
    const routes = bug.consumes?.(part.consumes, this.#world) ?? part.consumes;
    startConsumer({ ...this.#options, process, database, group: name, routes });
    for (const queue of part.queues) this.#startWorkers(process, queue);
    this.#current = { ...part, process };
  }

  #connect(process: SimulatedProcess): pg.Pool {
    const { bug } = this.#options;
    const pool = createPool({ ...this.#options, process, lookup: this.#lookup });
    return bug.pool?.(pool, process, this.#world) ?? pool;
  }

  #startWorkers(process: SimulatedProcess, queue: Part["queues"][number]): void {
    const work = async (): Promise<void> => {
      for (;;) {
        // A database that does not answer is asked again.
        await queue.runDue().catch(() => undefined);
        await this.#nextLook(process);
      }
    };
    for (let worker = 0; worker < workersPerQueue; worker += 1) void work();
  }

  #nextLook(process: SimulatedProcess): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wakers.delete(wake);
        process.wake(resolve);
      };
      this.#wakers.add(wake);
      void process.pause(pollMs).then(wake);
    });
  }
}
