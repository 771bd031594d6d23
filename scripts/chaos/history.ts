import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ShopFacts } from "@holdfast/testkit";

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? U[] : never };

/** What happened, in order: kept in memory for the judgement and on disk for whoever has to explain it. */
export class History {
  readonly file: string;
  readonly facts: Mutable<ShopFacts> = {
    acknowledged: [],
    reads: [],
    probes: [],
    strikes: [],
    offsets: [],
    injected: [],
    touched: [],
    surprises: [],
  };

  constructor(file: string) {
    this.file = file;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "");
  }

  /** Adds a line to the file. */
  note(kind: string, fields: object = {}): void {
    const line = { at: new Date().toISOString(), kind, ...fields };
    appendFileSync(this.file, `${JSON.stringify(line)}\n`);
  }
}
