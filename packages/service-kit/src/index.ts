export {
  type ApiKey,
  type Authenticate,
  anonymous,
  type Caller,
  createAuthenticate,
  hashApiKey,
  mayActFor,
  readApiKeys,
  type Scope,
} from "./api-keys.ts";
export { type Clock, systemClock } from "./clock.ts";
export {
  ConfigurationError,
  commonVariables,
  httpVariables,
  kafkaVariables,
  lineageVariables,
  parseEnvironment,
  readEnvironment,
  variable,
} from "./environment.ts";
export { type DeadLetters, deadLetterRoutes } from "./http/dead-letter-routes.ts";
export { freeText } from "./http/free-text.ts";
export { type Page, pageOf } from "./http/page.ts";
export type { RateLimit } from "./http/rate-limit.ts";
export {
  defineRoute,
  type Reply,
  type RequestSchemas,
  type ResponseDoc,
  type Route,
  type RouteDefinition,
  type RouteRequest,
  type ServerEvent,
} from "./http/route.ts";
export { createHttpServer, type HttpServer, type HttpServerOptions } from "./http/server.ts";
export { createUuidV7, type Ids, uuidV5 } from "./ids.ts";
export { type Component, component, runService, type ServiceOptions } from "./lifecycle.ts";
export { formatMoney, minorUnitDigits } from "./money.ts";
export { createNudge, type Nudge } from "./nudge.ts";
export {
  badRequest,
  conflict,
  type FieldError,
  forbidden,
  notFound,
  Problem,
  type ProblemDetails,
  unprocessable,
} from "./problem.ts";
export {
  type Check,
  type CheckReport,
  createReadiness,
  type Readiness,
  type ReadinessReport,
} from "./readiness.ts";
