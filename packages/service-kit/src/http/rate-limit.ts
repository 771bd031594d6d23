import type { Request, RequestHandler, Response } from "express";
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

// Guessing keys is slowed per address; answers to known callers do not count.
const failedAuthentication: RateLimit = { limit: 300, windowMs: 60_000 };

/** Limits each caller (anonymous ones by address); answers 429 with Retry-After. */
export function limitCallers(options: RateLimit): RequestHandler {
  return limiter(options, {
    keyGenerator: (request, response) => {
      const caller = response.locals["caller"] as Caller | undefined;
      return caller === undefined || caller.name === "anonymous"
        ? addressOf(request)
        : `key ${caller.name}`;
    },
  });
}

/** Limits the failed authentications of an address. */
export function limitFailedAuthentication(): RequestHandler {
  return limiter(failedAuthentication, {
    keyGenerator: addressOf,
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_request: Request, response: Response) => response.statusCode !== 401,
  });
}

function addressOf(request: Request): string {
  return ipKeyGenerator(request.ip ?? "");
}

function limiter(
  { limit, windowMs }: RateLimit,
  options: Parameters<typeof rateLimit>[0],
): RequestHandler {
  const problem: ProblemDetails = {
    status: 429,
    code: "rate_limited",
    title: "Too many requests; try again later",
  };
  return rateLimit({
    limit,
    windowMs,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    ...options,
    // The library has set Retry-After.
    handler: (_request, response) => sendProblem(response, problem),
  });
}
