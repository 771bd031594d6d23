import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "@holdfast/telemetry";

/** What was learned from the registry, kept on disk so that a start works while it is down. */
export interface SchemaCache {
  /** The id of a subject's schema, by the schema's text. */
  id(subject: string, schema: string): number | undefined;
  schema(id: number): string | undefined;
  remember(subject: string | undefined, id: number, schema: string): void;
}

interface Content {
  readonly ids: Record<string, number>;
  readonly schemas: Record<string, string>;
}

const fileName = "schemas.json";

/**
 * A cache in `folder`. An unreadable file counts as empty; a failed write is logged and costs only
 * the next start without a registry. Each write replaces the file as a whole.
 */
export function openSchemaCache(folder: string, logger: Logger): SchemaCache {
  const path = join(folder, fileName);
  const content = read(path);
  const keyOf = (subject: string, schema: string) => `${subject} ${schema}`;
  return {
    id: (subject, schema) => content.ids[keyOf(subject, schema)],
    schema: (id) => content.schemas[id],
    remember(subject, id, schema) {
      const known = content.schemas[id] === schema;
      if (known && (subject === undefined || content.ids[keyOf(subject, schema)] === id)) return;
      content.schemas[id] = schema;
      if (subject !== undefined) content.ids[keyOf(subject, schema)] = id;
      try {
        write(folder, path, content);
      } catch (err) {
        logger.warn({ err }, "Schemas could not be kept for a start without the registry.");
      }
    },
  };
}

function read(path: string): Content {
  try {
    const { ids, schemas } = JSON.parse(readFileSync(path, "utf8")) as Partial<Content>;
    return { ids: ids ?? {}, schemas: schemas ?? {} };
  } catch {
    return { ids: {}, schemas: {} };
  }
}

function write(folder: string, path: string, content: Content): void {
  mkdirSync(folder, { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(content));
  renameSync(draft, path);
}
