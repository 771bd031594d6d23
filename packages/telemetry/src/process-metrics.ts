import { monitorEventLoopDelay } from "node:perf_hooks";
import { observe } from "./observed-metrics.ts";

const nanosecondsPerSecond = 1e9;
const quantiles = [50, 99, 100] as const;

/** Exports what the process itself uses. Call once, at start. */
export function observeProcess(service: string, version: string): void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  observe("nodejs_eventloop_delay_seconds", () => {
    const values = quantiles.map((percent) => ({
      value: Math.max(0, delay.percentile(percent) / nanosecondsPerSecond - 0.02),
      labels: { quantile: String(percent / 100) },
    }));
    delay.reset();
    return values;
  });
  observe("process_cpu_seconds_total", () => {
    const { user, system } = process.cpuUsage();
    return [{ value: (user + system) / 1e6, labels: {} }];
  });
  observe("process_resident_memory_bytes", () => [
    { value: process.memoryUsage.rss(), labels: {} },
  ]);
  observe("nodejs_heap_used_bytes", () => [{ value: process.memoryUsage().heapUsed, labels: {} }]);
  const startedAtSeconds = Date.now() / 1000 - process.uptime();
  observe("process_start_time_seconds", () => [{ value: startedAtSeconds, labels: {} }]);
  observe("service_info", () => [{ value: 1, labels: { service, version } }]);
}
