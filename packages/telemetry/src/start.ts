// Preload: node --import @holdfast/telemetry/start src/main.ts
// The hook must stand before the first import of a library that is instrumented; without it
// express stays unpatched under ES modules.
import { register } from "node:module";
import { observeProcess } from "./process-metrics.ts";
import { serviceIdentity } from "./service-identity.ts";
import { startTracing } from "./tracing.ts";

register("@opentelemetry/instrumentation/hook.mjs", import.meta.url);

const identity = serviceIdentity(process.env, process.argv[1] ?? process.cwd());
await startTracing(process.env, identity);
observeProcess(identity.name, identity.version);
