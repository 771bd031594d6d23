import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type AvroRecord, declareRecord } from "./avro-types.ts";
import { type GeneratedFile, generatedHeader } from "./generated-file.ts";
import { parseTopics, type Topic } from "./topics.ts";

const SCHEMAS = "schemas/avro";
const TOPICS = "infra/kafka/topics.yaml";
const TARGET = "packages/contracts/src/generated";

/** Every event's schema, by file. Throws when a file declares another name than its own. */
export function readSchemas(root: string): AvroRecord[] {
  const folder = join(root, SCHEMAS);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".avsc"))
    .sort();
  return files.map((file) => {
    const schema = JSON.parse(readFileSync(join(folder, file), "utf8")) as AvroRecord;
    if (!file.endsWith(`/${schema.name}.avsc`)) {
      throw new Error(`${SCHEMAS}/${file} declares ${schema.name}: one file an event, same name`);
    }
    return schema;
  });
}

function checkTopics(topics: readonly Topic[], schemas: readonly AvroRecord[]): void {
  const declared = new Set(schemas.map((schema) => schema.name));
  const placed = topics.flatMap((topic) => topic.events);
  const unknown = placed.filter((event) => !declared.has(event));
  const homeless = [...declared].filter((event) => !placed.includes(event));
  const twice = placed.filter((event, index) => placed.indexOf(event) !== index);
  const problems = [
    ...unknown.map((event) => `${event} is in ${TOPICS} but has no schema`),
    ...homeless.map((event) => `${event} has a schema but no topic in ${TOPICS}`),
    ...twice.map((event) => `${event} is in two topics`),
  ];
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

function eventsFile(schemas: readonly AvroRecord[]): string {
  const declarations = new Map<string, string>();
  for (const schema of schemas) declareRecord(schema, declarations);
  const names = schemas.map((schema) => schema.name).sort();
  return [
    generatedHeader(SCHEMAS),
    ...declarations.values(),
    "/** The payload of every event, by the event's name. */",
    "export interface Events {",
    ...names.map((name) => `  ${name}: ${name};`),
    "}\n",
  ].join("\n");
}

function schemasFile(schemas: readonly AvroRecord[]): string {
  const sorted = [...schemas].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    generatedHeader(SCHEMAS),
    "/** The Avro schema of every event, by the event's name. */",
    `export const schemas = ${JSON.stringify(
      Object.fromEntries(sorted.map((schema) => [schema.name, schema])),
      null,
      2,
    )} as const;\n`,
  ].join("\n");
}

function topicsFile(topics: readonly Topic[]): string {
  return [
    generatedHeader(TOPICS),
    "/** The topics, their settings and the events that may appear in each. */",
    `export const topics = ${JSON.stringify(
      Object.fromEntries(topics.map((topic) => [topic.name, topic])),
      null,
      2,
    )} as const;\n`,
  ].join("\n");
}

/** Event types, schemas and the topic catalogue of packages/contracts. Throws on a contradiction. */
export function generateContracts(root: string): GeneratedFile[] {
  const schemas = readSchemas(root);
  const topics = parseTopics(readFileSync(join(root, TOPICS), "utf8"));
  checkTopics(topics, schemas);
  return [
    { path: `${TARGET}/events.ts`, content: eventsFile(schemas) },
    { path: `${TARGET}/schemas.ts`, content: schemasFile(schemas) },
    { path: `${TARGET}/topics.ts`, content: topicsFile(topics) },
  ];
}
