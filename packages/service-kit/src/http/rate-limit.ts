import type { Request, RequestHandler } from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import type { Caller } from "../api-keys.ts";
import type { ProblemDetails } from "../problem.ts";
import { sendProblem } from "./problem-response.ts";

/** At most `limit` requests per caller in each window. */
export interface RateLimit {
  readonly limit: number;
  readonly windowMs: number;
}

/** Roomy: it stops a runaway client, not a busy shop. */
export const defaultRateLimit: RateLimit = { limit: 10_000, windowMs: 10_000 };

const tooMany: ProblemDetails = {
  status: 429,
  code: "rate_limited",
  title: "Too many requests; try again later",
};

/**
 * Counts the requests of each known caller, and those without a known key by address; answers 429 with
 * Retry-After. Expects the caller, if it is known, in `response.locals`.
 */
export function limitCallers({ limit, windowMs }: RateLimit): RequestHandler {
  return rateLimit({
    limit,
    windowMs,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    keyGenerator: (request, response) => {
      const caller = response.locals["caller"] as Caller | undefined;
      return caller === undefined ? addressOf(request) : `key ${caller.name}`;
    },
    // The library has set Retry-After.
    handler: (_request, response) => sendProblem(response, tooMany),
  });
}

function addressOf(request: Request): string {
  return ipKeyGenerator(request.ip ?? "");
}
