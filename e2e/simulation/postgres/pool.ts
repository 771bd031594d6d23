import type pg from "pg";
import type { SimulatedProcess } from "../world/process.ts";
import type { Scheduler } from "../world/scheduler.ts";
import type { Answer, Engine, Statement, Transaction } from "./engine.ts";
import type { Query } from "./statement-table.ts";

/** What happens to the connections of all processes with one server. */
export interface ConnectionFaults {
  /** Share of statements whose connection breaks before the server has them. */
  readonly lostRequests: number;
  /** Share of statements, commits among them, that are carried out and whose answer never comes. */
  readonly lostAnswers: number;
}

/** Where a process's connections lead, and what may befall them. */
export interface PoolOptions {
  readonly scheduler: Scheduler;
  readonly engine: Engine;
  readonly process: SimulatedProcess;
  readonly lookup: (query: Query) => Statement;
  readonly faults: ConnectionFaults;
}

/** The part of a pg pool that the outbox package uses, on an engine in memory. */
export function createPool(options: PoolOptions): pg.Pool {
  const open = new Set<Connection>();
  options.process.onDeath(() => {
    for (const connection of open) connection.cut();
  });
  const connect = async (): Promise<Connection> => {
    if (options.engine.down) {
      await options.process.turn();
      throw refused();
    }
    const connection = new Connection(options, () => open.delete(connection));
    open.add(connection);
    return connection;
  };
  const pool = {
    connect,
    query: async (query: Query, values?: unknown[]) => {
      const connection = await connect();
      try {
        return await connection.alone(query, values ?? []);
      } finally {
        connection.release();
      }
    },
    on: () => pool,
    end: async () => undefined,
  };
  return pool as unknown as pg.Pool;
}

/** One connection: usable → in a transaction ⇄ usable → broken. */
class Connection {
  readonly #options: PoolOptions;
  readonly #onRelease: () => void;
  readonly #life: number;
  #transaction: Transaction | undefined;
  #broken = false;

  constructor(options: PoolOptions, onRelease: () => void) {
    this.#options = options;
    this.#onRelease = onRelease;
    this.#life = options.engine.life;
  }

  async query(query: Query, values?: unknown[]) {
    switch (query) {
      case "BEGIN":
        this.#transaction = this.#options.engine.begin();
        return answered(0, "BEGIN");
      case "COMMIT":
        return answered(0, (await this.#commit()) ? "COMMIT" : "ROLLBACK");
      case "ROLLBACK":
        if (this.#broken) throw terminated();
        this.#end();
        return answered(0, "ROLLBACK");
      default:
        return this.#execute(query, values ?? []);
    }
  }

  /** One statement in a transaction of its own. */
  async alone(query: Query, values: unknown[]) {
    const { engine, process } = this.#options;
    const transaction = engine.begin();
    this.#transaction = transaction;
    try {
      const answer = await this.#run(query, values);
      this.#ensureReachable();
      engine.commit(transaction);
      await process.turn();
      this.#loseAnswer();
      return answered(answer, "");
    } finally {
      this.#end();
    }
  }

  release(): void {
    this.#end();
    this.#onRelease();
  }

  /** The connection is gone; the server rolls back. */
  cut(): void {
    this.#broken = true;
    this.#end();
  }

  async #execute(query: Query, values: unknown[]) {
    await this.#loseRequest();
    const answer = await this.#run(query, values);
    await this.#options.process.turn();
    this.#loseAnswer();
    return answered(answer, "");
  }

  async #commit(): Promise<boolean> {
    const { engine, process } = this.#options;
    await this.#loseRequest();
    await process.turn();
    this.#ensureReachable();
    const committed = this.#transaction !== undefined && engine.commit(this.#transaction);
    await process.turn();
    this.#loseAnswer();
    return committed;
  }

  async #run(query: Query, values: unknown[]): Promise<Answer> {
    const { engine, lookup, process } = this.#options;
    this.#ensureReachable();
    if (this.#transaction === undefined) throw new Error("A statement outside a transaction");
    try {
      return await engine.execute(this.#transaction, lookup(query), values);
    } catch (error) {
      // A refusal takes its time as well, and does not reach the dead.
      await process.turn();
      throw error;
    }
  }

  async #loseRequest(): Promise<void> {
    this.#ensureReachable();
    const { scheduler, process, faults } = this.#options;
    if (!scheduler.chance(faults.lostRequests)) return;
    this.cut();
    await process.turn();
    throw terminated();
  }

  #loseAnswer(): void {
    this.#ensureReachable();
    const { scheduler, faults } = this.#options;
    if (!scheduler.chance(faults.lostAnswers)) return;
    this.cut();
    throw terminated();
  }

  #ensureReachable(): void {
    if (this.#options.engine.life !== this.#life) this.cut();
    if (this.#broken) throw terminated();
  }

  #end(): void {
    if (this.#transaction !== undefined) this.#options.engine.rollBack(this.#transaction);
    this.#transaction = undefined;
  }
}

function answered(answer: Answer, command: string) {
  const rows = typeof answer === "number" ? [] : answer;
  return { rows, rowCount: typeof answer === "number" ? answer : answer.length, command };
}

function terminated(): Error {
  return new Error("Connection terminated unexpectedly");
}

function refused(): Error {
  return Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
}
