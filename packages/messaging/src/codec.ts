import type { NamedEvent, TopicName } from "@holdfast/contracts";
import { type EventName, type Events, eventsOn, schemas, subjectOf } from "@holdfast/contracts";
import type { Logger } from "@holdfast/telemetry";
import avro, { type Type } from "avsc";
import "./avsc-repairs.ts";
import {
  DecodeError,
  EncodeError,
  SchemaUnavailableError,
  UnknownSchemaError,
} from "./codec-errors.ts";
import { createSchemaLookup, RegistryUnavailable, type SchemaLookup } from "./registry.ts";
import { openSchemaCache, type SchemaCache } from "./schema-cache.ts";
import { schemaText } from "./schema-deployment.ts";

/** An event with its name and the id of the schema it was written with; narrow it by `type`. */
export type DecodedEvent = NamedEvent & { readonly schemaId: number };

/** Events to framed Avro and back: 0x00, the schema's id in four bytes, the body. */
export interface Codec {
  /**
   * Frames an event of `topic`. Synchronous. Throws UnknownSchemaError when the codec was not
   * created for the topic, EncodeError when the value does not fit.
   */
  encode<K extends EventName>(topic: TopicName, type: K, event: Events[K]): Buffer;
  /**
   * Reads an event, whatever version wrote it, as this build's version of it. Synchronous. Throws
   * DecodeError (permanent), or SchemaUnavailableError with the id to give to `ensureWriter`.
   * `topic` only names the place in messages: replays use names of their own.
   */
  decode(topic: string, value: Buffer): DecodedEvent;
  /**
   * Fetches a writer's schema, so that `decode` knows it. Idempotent. Throws
   * SchemaUnavailableError (transient) when the registry does not answer and DecodeError when
   * there is no such schema or it is not an event of ours.
   */
  ensureWriter(schemaId: number): Promise<void>;
  /** The id that `encode` writes for an event of a topic. Throws UnknownSchemaError. */
  schemaId(topic: TopicName, type: EventName): number;
}

export interface CodecOptions {
  /** Root of the registry's Confluent API. */
  readonly registryUrl: string;
  /** A writable folder of this service. */
  readonly cacheDir: string;
  /** The topics whose events are written or read. */
  readonly topics: readonly TopicName[];
  readonly logger: Logger;
}

/**
 * A codec for the events of `topics`. Looks up the ids of this build's schemas once and keeps them
 * on disk; when the registry does not answer, the kept ones serve. Never registers. Throws
 * UnknownSchemaError when a schema is not registered, and RegistryUnavailable when the registry is
 * down and the disk does not know all of them.
 */
export async function createCodec(options: CodecOptions): Promise<Codec> {
  const cache = openSchemaCache(options.cacheDir, options.logger);
  const lookup = createSchemaLookup(options.registryUrl);
  return createCodecWith({ lookup, cache, topics: options.topics, logger: options.logger });
}

export async function createCodecWith(parts: {
  lookup: SchemaLookup;
  cache: SchemaCache;
  topics: readonly TopicName[];
  logger: Logger;
}): Promise<Codec> {
  const { lookup, cache, topics, logger } = parts;
  const ids = await findIds({ lookup, cache, topics, logger });
  const codec = new CachedCodec(ids, lookup, cache);
  return codec;
}

type Parts = Parameters<typeof createCodecWith>[0];

async function findIds({ lookup, cache, topics, logger }: Parts): Promise<Map<string, number>> {
  const wanted = topics.flatMap((topic) =>
    eventsOn(topic).map((event) => ({
      key: `${topic} ${event}`,
      subject: subjectOf(topic, event),
      schema: schemaText(event),
    })),
  );
  let registryDown: RegistryUnavailable | undefined;
  const idOf = async (subject: string, schema: string): Promise<number | undefined> => {
    if (registryDown !== undefined) return cache.id(subject, schema);
    try {
      const id = await lookup.idOf(subject, schema);
      if (id !== undefined) cache.remember(subject, id, schema);
      return id;
    } catch (error) {
      if (!(error instanceof RegistryUnavailable)) throw error;
      registryDown = error;
      logger.warn({ err: error }, "The schema registry is down; schemas come from the disk.");
      return cache.id(subject, schema);
    }
  };
  const found: [string, number][] = [];
  const missing: string[] = [];
  for (const { key, subject, schema } of wanted) {
    const id = await idOf(subject, schema);
    if (id === undefined) missing.push(subject);
    else found.push([key, id]);
  }
  if (missing.length === 0) return new Map(found);
  if (registryDown !== undefined) throw registryDown;
  throw new UnknownSchemaError(`Not registered: ${missing.join(", ")}. Run schemas:register.`);
}

interface Reader {
  readonly type: EventName;
  readonly read: (value: Buffer) => unknown;
}

const magic = 0;
const bodyStart = 5;

/**
 * Types are parsed once per event and resolvers once per writer; after that both ways are plain
 * synchronous calls. A writer whose schema equals ours needs no resolver.
 */
class CachedCodec implements Codec {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #lookup: SchemaLookup;
  readonly #cache: SchemaCache;
  readonly #types = new Map<EventName, Type>();
  readonly #readers = new Map<number, Reader>();
  #scratch = Buffer.allocUnsafe(16 * 1024);

  constructor(ids: ReadonlyMap<string, number>, lookup: SchemaLookup, cache: SchemaCache) {
    this.#ids = ids;
    this.#lookup = lookup;
    this.#cache = cache;
    for (const [key, id] of ids) {
      const type = key.slice(key.indexOf(" ") + 1) as EventName;
      this.#readers.set(id, { type, read: reader(this.#typeOf(type)) });
    }
  }

  schemaId(topic: TopicName, type: EventName): number {
    const id = this.#ids.get(`${topic} ${type}`);
    if (id === undefined) throw new UnknownSchemaError(`No schema for ${type} on ${topic}`);
    return id;
  }

  encode<K extends EventName>(topic: TopicName, type: K, event: Events[K]): Buffer {
    const id = this.schemaId(topic, type);
    const end = this.#write(type, event);
    const framed = Buffer.allocUnsafe(end);
    this.#scratch.copy(framed, 0, 0, end);
    framed[0] = magic;
    framed.writeUInt32BE(id, 1);
    return framed;
  }

  /** Writes the body into the scratch buffer, growing it as needed; returns where it ends. */
  #write(type: EventName, event: unknown): number {
    const schema = this.#typeOf(type);
    let end: number;
    try {
      end = schema.encode(event, this.#scratch, bodyStart);
    } catch (cause) {
      throw new EncodeError(`The value is not a ${type}: ${invalidPath(schema, event)}`, { cause });
    }
    if (end >= 0) return end;
    // A negative answer tells how many bytes were missing.
    this.#scratch = Buffer.allocUnsafe(2 * (this.#scratch.length - end));
    return this.#write(type, event);
  }

  decode(topic: string, value: Buffer): DecodedEvent {
    if (value.length < bodyStart || value[0] !== magic) {
      throw new DecodeError(`A value on ${topic} is not framed Avro`);
    }
    const schemaId = value.readUInt32BE(1);
    const found = this.#readers.get(schemaId) ?? this.#readerFromCache(schemaId);
    if (found === undefined) {
      throw new SchemaUnavailableError(schemaId, `Schema ${schemaId} was not fetched yet`);
    }
    const event = found.read(value);
    return { type: found.type, event, schemaId } as DecodedEvent;
  }

  async ensureWriter(schemaId: number): Promise<void> {
    if (this.#readers.has(schemaId)) return;
    const schema = await this.#fetch(schemaId);
    this.#addReader(schemaId, schema);
    this.#cache.remember(undefined, schemaId, schema);
  }

  async #fetch(schemaId: number): Promise<string> {
    try {
      return await this.#lookup.schemaOf(schemaId);
    } catch (cause) {
      if (cause instanceof UnknownSchemaError) {
        throw new DecodeError(`There is no schema ${schemaId}`, { cause });
      }
      const message = `Schema ${schemaId} cannot be fetched now`;
      throw new SchemaUnavailableError(schemaId, message, { cause });
    }
  }

  #readerFromCache(schemaId: number): Reader | undefined {
    const schema = this.#cache.schema(schemaId);
    return schema === undefined ? undefined : this.#addReader(schemaId, schema);
  }

  #addReader(schemaId: number, schema: string): Reader {
    const found = this.#readerFor(schemaId, schema);
    this.#readers.set(schemaId, found);
    return found;
  }

  #readerFor(schemaId: number, schema: string): Reader {
    let writer: Type;
    try {
      writer = avro.Type.forSchema(JSON.parse(schema) as avro.Schema);
    } catch (cause) {
      throw new DecodeError(`Schema ${schemaId} is not an Avro schema`, { cause });
    }
    const type = eventByFullName.get(writer.name ?? "");
    if (type === undefined) throw new DecodeError(`Schema ${schemaId} is not an event of ours`);
    const ours = this.#typeOf(type);
    if (writer.equals(ours)) return { type, read: reader(ours) };
    try {
      return { type, read: reader(ours, ours.createResolver(writer)) };
    } catch (cause) {
      throw new DecodeError(`Schema ${schemaId} cannot be read as ${type}`, { cause });
    }
  }

  #typeOf(name: EventName): Type {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    const type = avro.Type.forSchema(schemas[name] as unknown as avro.Schema);
    this.#types.set(name, type);
    return type;
  }
}

const eventByFullName: ReadonlyMap<string, EventName> = new Map(
  (Object.keys(schemas) as EventName[]).map((event) => {
    const { namespace, name } = schemas[event];
    return [`${namespace}.${name}`, event] as const;
  }),
);

function reader(type: Type, resolver?: ReturnType<Type["createResolver"]>): Reader["read"] {
  return (value) => {
    let decoded: { value: unknown; offset: number };
    try {
      decoded = type.decode(value, bodyStart, resolver);
    } catch (cause) {
      throw new DecodeError(`The body is not a ${type.name}`, { cause });
    }
    if (decoded.offset !== value.length) {
      throw new DecodeError(`The body is not a ${type.name}: its length differs`);
    }
    return decoded.value;
  };
}

/** Names the first field that does not fit; never its value. */
function invalidPath(type: Type, value: unknown): string {
  let found = "unknown field";
  type.isValid(value, {
    errorHook: (path: string[]) => {
      found = path.join(".") || "the value itself";
    },
  });
  return found;
}
