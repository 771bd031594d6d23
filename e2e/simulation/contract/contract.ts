import type { Database } from "@holdfast/outbox";
import type { Row } from "../postgres/engine.ts";

/** One thing that a store promises, whatever it stands on. */
export interface Case {
  readonly name: string;
  /** Asks the store; answers by values alone. What throws is told as its name. */
  readonly ask: (database: Database) => Promise<unknown>;
  readonly expected: unknown;
}

/** The same rows for both grounds: as the memory keeps them, and as Postgres is told. */
export interface Seed {
  readonly rows: Readonly<Record<string, Readonly<Record<string, Row>>>>;
  readonly sql: readonly string[];
}

/** What the stores of one service promise in Postgres, and must promise in memory as well. */
export interface Contract {
  readonly seed: Seed;
  readonly cases: readonly Case[];
}

/** What `work` resolves to, or the name and the server's code of what it throws. */
export async function told(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    const { name, code } = error as { name: string; code?: string };
    return code === undefined ? name : code;
  }
}
