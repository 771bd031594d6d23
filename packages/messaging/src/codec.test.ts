import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EventName, eventsOn, schemas, type TopicName, topicNames } from "@holdfast/contracts";
import { silentLogger } from "@holdfast/telemetry";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import avro from "avsc";
import fc from "fast-check";
import { createCodecWith } from "./codec.ts";
import {
  DecodeError,
  EncodeError,
  SchemaUnavailableError,
  UnknownSchemaError,
} from "./codec-errors.ts";
import { RegistryUnavailable, type SchemaLookup } from "./registry.ts";
import { openSchemaCache } from "./schema-cache.ts";
import { orderPlaced } from "./testing/test-records.ts";

/** A registry in memory that can be switched off. */
class FakeRegistry implements SchemaLookup {
  readonly schemas: string[] = [];
  down = false;
  requests = 0;

  register(schema: string): number {
    const known = this.schemas.indexOf(schema);
    return known >= 0 ? known + 1 : this.schemas.push(schema);
  }

  async idOf(_subject: string, schema: string): Promise<number | undefined> {
    this.#answer();
    const index = this.schemas.indexOf(schema);
    return index < 0 ? undefined : index + 1;
  }

  async schemaOf(id: number): Promise<string> {
    this.#answer();
    const schema = this.schemas[id - 1];
    if (schema === undefined) throw new UnknownSchemaError(`no schema ${id}`);
    return schema;
  }

  #answer(): void {
    this.requests += 1;
    if (this.down) throw new RegistryUnavailable("down");
  }
}

const everySchema = Object.values(schemas).map((schema) => JSON.stringify(schema));
let registry: FakeRegistry;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "codec-"));
  registry = new FakeRegistry();
  for (const schema of everySchema) registry.register(schema);
});
afterEach(() => rmSync(folder, { recursive: true }));

const create = (topics: readonly TopicName[] = topicNames) =>
  createCodecWith({
    lookup: registry,
    cache: openSchemaCache(folder, silentLogger),
    topics,
    logger: silentLogger,
  });

const every = topicNames.flatMap((topic) =>
  eventsOn(topic).map((event) => [topic, event] as [TopicName, EventName]),
);

describe("the codec", () => {
  test.each(every)("carries %s %s unchanged, whatever its values", async (topic, event) => {
    const codec = await create();
    const type = avro.Type.forSchema(schemas[event] as unknown as avro.Schema);
    for (let round = 0; round < 20; round++) {
      const value = type.random() as unknown as typeof orderPlaced;
      const framed = codec.encode(topic, event as "OrderPlaced", value);
      const decoded = codec.decode(topic, framed);
      expect(decoded.type).toBe(event);
      expect(type.compare(decoded.event, value)).toBe(0);
    }
  });

  test("frames with a zero byte and the schema's id", async () => {
    const codec = await create(["orders"]);
    const framed = codec.encode("orders", "OrderPlaced", orderPlaced);
    expect([framed[0], framed.readUInt32BE(1)]).toEqual([
      0,
      codec.schemaId("orders", "OrderPlaced"),
    ]);
    expect(codec.decode("orders", framed).event).toEqual(orderPlaced);
  });

  test("writes values larger than its buffer, and smaller ones after them", async () => {
    const codec = await create(["orders"]);
    const large = { ...orderPlaced, merchantId: "m".repeat(100_000) };
    for (const event of [large, orderPlaced]) {
      const framed = codec.encode("orders", "OrderPlaced", event);
      expect(codec.decode("orders", framed).event).toEqual(event);
    }
  });

  test("names the field that does not fit, and not its value", async () => {
    const codec = await create(["orders"]);
    const wrong = { ...orderPlaced, amountMinor: "4111111111111111" as unknown as number };
    const encode = () => codec.encode("orders", "OrderPlaced", wrong);
    expect(encode).toThrow(EncodeError);
    expect(encode).toThrow(/amountMinor/);
    expect(encode).not.toThrow(/4111/);
  });

  test("refuses events of topics that it was not made for", async () => {
    const codec = await create(["stock"]);
    expect(() => codec.encode("orders", "OrderPlaced", orderPlaced)).toThrow(UnknownSchemaError);
  });
});

describe("the codec and other writers", () => {
  const evolved = JSON.stringify({
    ...schemas.OrderPlaced,
    fields: [
      ...schemas.OrderPlaced.fields.filter(({ name }) => name !== "items"),
      { name: "note", type: { type: "array", items: "string" }, default: [] },
      schemas.OrderPlaced.fields.find(({ name }) => name === "items"),
    ],
  });

  const write = (id: number, schema: string, value: unknown) => {
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(id, 1);
    const type = avro.Type.forSchema(JSON.parse(schema) as avro.Schema);
    return Buffer.concat([frame, type.toBuffer(value)]);
  };

  test("reads an event of another version after its schema was fetched once", async () => {
    const codec = await create(["orders"]);
    const id = registry.register(evolved);
    const value = write(id, evolved, { ...orderPlaced, note: ["x"] });
    expect(() => codec.decode("orders", value)).toThrow(SchemaUnavailableError);
    await codec.ensureWriter(id);
    await codec.ensureWriter(id);
    expect(codec.decode("orders", value)).toMatchObject({ event: orderPlaced, schemaId: id });
  });

  test("keeps fetched schemas for starts without the registry", async () => {
    const id = registry.register(evolved);
    await (await create(["orders"])).ensureWriter(id);
    registry.down = true;
    const codec = await create(["orders"]);
    const value = write(id, evolved, { ...orderPlaced, note: [] });
    expect(codec.decode("orders", value).event).toEqual(orderPlaced);
    expect(codec.encode("orders", "OrderPlaced", orderPlaced)).toBeInstanceOf(Buffer);
  });

  test("asks a dead registry once at the start, not once a schema", async () => {
    await create();
    registry.down = true;
    registry.requests = 0;
    await create();
    expect(registry.requests).toBe(1);
  });

  test("says that the registry is down when the disk cannot help", async () => {
    registry.down = true;
    await expect(create()).rejects.toThrow(RegistryUnavailable);
  });

  test("treats a damaged cache as none", async () => {
    writeFileSync(join(folder, "schemas.json"), "{ half");
    expect((await create(["orders"])).schemaId("orders", "OrderPlaced")).toBeGreaterThan(0);
  });

  test("names every subject that is not registered", async () => {
    registry.schemas.length = 0;
    await expect(create(["stock"])).rejects.toThrow(
      /stock-holdfast.*StockReserved.*stock-holdfast.*StockReleased/,
    );
  });

  test("dead-letters what no registry knows, and waits for a registry that is down", async () => {
    const codec = await create(["orders"]);
    await expect(codec.ensureWriter(9_999)).rejects.toThrow(DecodeError);
    registry.down = true;
    await expect(codec.ensureWriter(9_999)).rejects.toThrow(SchemaUnavailableError);
  });

  test.each([
    ["a record that is not ours", { type: "record", name: "Other", fields: [] }],
    ["no record", "string"],
    [
      "an event of ours with foreign fields",
      {
        ...schemas.OrderPlaced,
        fields: [{ name: "orderId", type: "long" }],
      },
    ],
  ])("refuses %s", async (_, schema) => {
    const codec = await create(["orders"]);
    const id = registry.register(JSON.stringify(schema));
    await expect(codec.ensureWriter(id)).rejects.toThrow(DecodeError);
  });
});

describe("the codec and foreign bytes", () => {
  test.each([
    ["nothing", Buffer.alloc(0)],
    ["too little", Buffer.from([0, 0, 0])],
    ["another magic byte", Buffer.from([1, 0, 0, 0, 1, 0])],
    ["text", Buffer.from("random bytes")],
  ])("refuses %s", async (_, value) => {
    const codec = await create(["orders"]);
    expect(() => codec.decode("orders", value)).toThrow(DecodeError);
  });

  test("refuses a body that is cut off or goes on", async () => {
    const codec = await create(["orders"]);
    const framed = codec.encode("orders", "OrderPlaced", orderPlaced);
    expect(() => codec.decode("orders", framed.subarray(0, -1))).toThrow(DecodeError);
    expect(() => codec.decode("orders", Buffer.concat([framed, framed]))).toThrow(DecodeError);
  });

  test("any bytes behind a known id decode or fail, in bounded time and memory", async () => {
    const codec = await create();
    const ids = every.map(([topic, event]) => codec.schemaId(topic, event));
    fc.assert(
      fc.property(
        fc.constantFrom(...ids),
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          // Strings of length 0 up to an array that claims 2^53 items.
          fc.array(fc.constantFrom(0, 2, 0xff, 0xfe, 0x0f), { maxLength: 60 }),
        ),
        (id, body) => {
          const framed = Buffer.concat([Buffer.alloc(5), Buffer.from(body)]);
          framed.writeUInt32BE(id, 1);
          try {
            codec.decode("orders", framed);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("an array that claims more items than bytes are left is refused at once", async () => {
    const codec = await create(["orders"]);
    const framed = codec.encode("orders", "OrderPlaced", { ...orderPlaced, items: [] });
    const prefix = ["orderId", "customerId", "merchantId", "paymentMethodId"] as const;
    const at = prefix.reduce((sum, name) => sum + 1 + orderPlaced[name].length, 5);
    expect(framed[at]).toBe(0);
    const huge = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]);
    const forged = Buffer.concat([framed.subarray(0, at), huge, framed.subarray(at + 1)]);
    expect(() => codec.decode("orders", forged)).toThrow(DecodeError);
  });
});
