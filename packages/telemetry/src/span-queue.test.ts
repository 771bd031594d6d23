import { expect, test } from "@jest/globals";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { type Logger, silentLogger } from "./logger.ts";
import { withSpan } from "./spans.ts";
import { startTracingWith, stopTracing } from "./tracing.ts";

test("why spans are not taken is said once for every row of failures", async () => {
  const answers = [1, 1, 0, 1];
  const exporter: SpanExporter = {
    export: (_spans, done) => {
      const code = answers.shift() ?? 0;
      done(
        code === 0 ? { code } : { code, error: new Error(`refused, ${answers.length} to come`) },
      );
    },
    shutdown: async () => undefined,
  };
  const told: unknown[] = [];
  const logger: Logger = { ...silentLogger, warn: ({ err }) => told.push(err) };
  const service = { name: "test", version: "1.0.0" };
  const provider = startTracingWith(exporter, { service, ratio: 1, logger });
  while (answers.length > 0) {
    await withSpan("process orders", {}, async () => undefined);
    await provider.forceFlush().catch(() => undefined);
  }
  expect(told).toEqual([new Error("refused, 3 to come"), new Error("refused, 0 to come")]);
  await stopTracing();
});
