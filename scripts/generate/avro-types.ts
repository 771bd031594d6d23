/** The part of Avro's schema language that Holdfast's events use. */
export type AvroType =
  | string
  | readonly AvroType[]
  | AvroRecord
  | {
      readonly type: "enum";
      readonly name: string;
      readonly doc: string;
      readonly symbols: string[];
    }
  | { readonly type: "array"; readonly items: AvroType }
  | { readonly type: "long"; readonly logicalType: "timestamp-millis" };

export interface AvroRecord {
  readonly type: "record";
  readonly name: string;
  readonly namespace?: string;
  readonly doc: string;
  readonly fields: readonly { name: string; type: AvroType; doc: string }[];
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: "string",
  boolean: "boolean",
  int: "number",
  long: "number",
  double: "number",
  null: "null",
};

function comment(text: string, indent = ""): string {
  return `${indent}/** ${text} */`;
}

function declare(name: string, text: string, declarations: Map<string, string>): void {
  const known = declarations.get(name);
  if (known !== undefined && known !== text) {
    throw new Error(`${name} is declared twice with different shapes`);
  }
  declarations.set(name, text);
}

function typeOf(type: AvroType, declarations: Map<string, string>): string {
  if (typeof type === "string") {
    const known = PRIMITIVES[type] ?? (declarations.has(type) ? type : undefined);
    if (known === undefined) throw new Error(`unknown Avro type ${type}`);
    return known;
  }
  if (isUnion(type)) return type.map((branch) => typeOf(branch, declarations)).join(" | ");
  switch (type.type) {
    case "long":
      return "number";
    case "array": {
      const item = typeOf(type.items, declarations);
      return item.includes("|") ? `(${item})[]` : `${item}[]`;
    }
    case "enum": {
      const symbols = type.symbols.map((symbol) => `"${symbol}"`).join(" | ");
      declare(
        type.name,
        `${comment(type.doc)}\nexport type ${type.name} = ${symbols};\n`,
        declarations,
      );
      return type.name;
    }
    case "record":
      declareRecord(type, declarations);
      return type.name;
  }
}

const isUnion = (type: AvroType): type is readonly AvroType[] => Array.isArray(type);

/**
 * Adds the TypeScript declaration of a record, and of every type inside it, to `declarations`.
 * Throws when one name would get two shapes.
 */
export function declareRecord(record: AvroRecord, declarations: Map<string, string>): void {
  const fields = record.fields.flatMap((field) => [
    comment(field.doc, "  "),
    `  ${field.name}: ${typeOf(field.type, declarations)};`,
  ]);
  const lines = [comment(record.doc), `export interface ${record.name} {`, ...fields, "}\n"];
  declare(record.name, lines.join("\n"), declarations);
}
