import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { parseComposeFile } from "./compose-file.ts";
import { planNative } from "./plan.ts";
import { offsets } from "./ports.ts";
import { root } from "./settings.ts";

const file = parseComposeFile(readFileSync(join(root, "docker-compose.yml"), "utf8"), {});

const portsAt = (portOffset: number): number[] => {
  const options = { root, home: "/home", portOffset, only: null } as const;
  return (["jaeger", "zipkin"] as const).flatMap((traceStore) =>
    planNative(file, { ...options, traceStore }).flatMap((part) => [...part.ports.values()]),
  );
};

test("a run that chooses its ports takes none that Linux gives to outgoing connections", () => {
  expect(Math.max(...offsets.flatMap(portsAt))).toBeLessThan(32_768);
});

test("runs at different places, and the demo, have no port in common", () => {
  const places = [0, ...offsets].map((offset) => [...new Set(portsAt(offset))]);
  expect(new Set(places.flat()).size).toBe(places.flat().length);
});
