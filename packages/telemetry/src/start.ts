// Preload: node --import @holdfast/telemetry/start src/main.ts
import { observeProcess } from "./process-metrics.ts";
import { serviceIdentity } from "./service-identity.ts";
import { startTracing } from "./tracing.ts";

const identity = serviceIdentity(process.env, process.argv[1] ?? process.cwd());
await startTracing(process.env, identity);
observeProcess(identity.name, identity.version);
