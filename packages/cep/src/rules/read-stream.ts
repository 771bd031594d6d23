import { isMap, isScalar, type YAMLMap } from "yaml";
import type { Field, FieldType, Stream } from "../stream.ts";
import { MapReader } from "./map-reader.ts";
import { describeNode, entriesOf, type SourceFile } from "./source.ts";

const fieldTypes: readonly FieldType[] = ["string", "int", "double", "bool", "money", "timestamp"];
const keys = ["stream", "variable", "key", "currency", "words", "types", "judged", "fields"];

/** Reads a stream declaration; `undefined` when it has mistakes, which are noted in the file. */
export function readStream(file: SourceFile, map: YAMLMap): Stream | undefined {
  const before = file.errors.length;
  const reader = new MapReader(file, map);
  reader.allow(keys);
  reader.require("key", "key: cardFingerprint");
  reader.require("types", "types: [payment, refund]");
  reader.require("fields", "fields: { amount: money }");
  const types = reader.texts("types") ?? [];
  const fields = readFields(reader, types);
  const key = reader.text("key") ?? "";
  if (reader.has("key") && !fields.some((field) => field.name === key)) {
    reader.report(reader.node("key"), `The key "${key}" is not among the declared fields.`);
  }
  const judged = reader.texts("judged") ?? types;
  for (const type of judged) {
    if (!types.includes(type))
      reader.report(reader.node("judged"), `"${type}" is not among the types.`);
  }
  const stream: Stream = {
    name: reader.text("stream") ?? "",
    variable: reader.text("variable") ?? "event",
    key,
    currency: readCurrency(reader),
    words: readWords(reader),
    types,
    judged,
    fields,
  };
  return file.errors.length === before ? stream : undefined;
}

function readCurrency(reader: MapReader): string {
  const currency = reader.text("currency") ?? "USD";
  if (!/^[A-Z]{3}$/.test(currency)) {
    reader.report(reader.node("currency"), `"${currency}" is no ISO 4217 code such as USD.`);
  }
  return currency;
}

function readWords(reader: MapReader): Stream["words"] {
  const words = reader.child("words");
  words?.allow(["event", "events", "key"]);
  const event = words?.text("event") ?? "event";
  return { event, events: words?.text("events") ?? `${event}s`, key: words?.text("key") ?? "key" };
}

function readFields(reader: MapReader, types: readonly string[]): readonly Field[] {
  const fields = reader.child("fields");
  if (fields === undefined) return [];
  return entriesOf(fields.map).flatMap(({ name, value }) => {
    if (name === "type" || name === "at") {
      fields.report(fields.keyNode(name), `"${name}" is built in and cannot be declared.`);
      return [];
    }
    if (isScalar(value)) {
      const type = fields.oneOf(name, fieldTypes);
      return type === undefined ? [] : [{ name, type, on: undefined }];
    }
    if (isMap(value)) return readField(new MapReader(reader.file, value), name, types);
    fields.report(fields.keyNode(name), `"${name}" must be a type, found ${describeNode(value)}.`);
    return [];
  });
}

function readField(reader: MapReader, name: string, types: readonly string[]): readonly Field[] {
  reader.allow(["type", "on"]);
  reader.require("type", "type: money");
  const type = reader.oneOf("type", fieldTypes);
  const on = reader.texts("on");
  for (const eventType of on ?? []) {
    if (!types.includes(eventType))
      reader.report(reader.node("on"), `"${eventType}" is not among the types.`);
  }
  return type === undefined ? [] : [{ name, type, on }];
}
