import type { Statement } from "./engine.ts";

/**
 * What each statement of the stores does to rows in memory, by the statement's name or, where it has
 * none, by the beginning of its text. The stores themselves run unchanged on top of it.
 */
export type StatementTable = Readonly<Record<string, Statement>>;

/** A statement as pg takes it. */
export type Query = string | { readonly name?: string; readonly text: string };

/** Finds the entry of a statement. Throws for one that the memory does not know. */
export function createLookup(table: StatementTable): (query: Query) => Statement {
  const byText = new Map<string, Statement>();
  const beginnings = Object.keys(table).sort((a, b) => b.length - a.length);
  return (query) => {
    const { name, text } = typeof query === "string" ? { name: undefined, text: query } : query;
    const known = byText.get(name ?? text);
    if (known !== undefined) return known;
    const plain = text.replace(/\s+/g, " ").trim();
    const entry = name ?? beginnings.find((beginning) => plain.startsWith(beginning));
    const statement = entry === undefined ? undefined : table[entry];
    if (statement === undefined) {
      throw new Error(`The simulated Postgres does not know the statement ${name ?? plain}`);
    }
    byText.set(name ?? text, statement);
    return statement;
  };
}
