import { metricsContentType } from "@holdfast/telemetry";
import express, { type Router } from "express";
import type { Readiness } from "../readiness.ts";

/** What the health routes tell. */
export interface HealthOptions {
  readonly service: string;
  readonly version: string;
  readonly readiness: Readiness;
  /** Prometheus text. */
  readonly renderMetrics: () => Promise<string>;
}

/** /livez, /readyz (503 with the failed checks when unready), /metrics and /version. */
export function healthRouter({
  service,
  version,
  readiness,
  renderMetrics,
}: HealthOptions): Router {
  const router = express.Router();
  router.get("/livez", (_request, response) => {
    response.json({ live: true });
  });
  router.get("/readyz", async (_request, response) => {
    const report = await readiness.report();
    response.status(report.ready ? 200 : 503).json(report);
  });
  router.get("/metrics", async (_request, response) => {
    const text = await renderMetrics();
    response.type(metricsContentType).send(text);
  });
  router.get("/version", (_request, response) => {
    response.json({ service, version, node: process.version });
  });
  return router;
}
