/** One thing that is wrong with a request; `pointer` is a JSON pointer (RFC 6901) into the body, or
 * starts with /path, /query or /header. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

/** What a problem+json answer says (RFC 9457). Nothing in it may come from an unexpected error. */
export interface ProblemDetails {
  readonly status: number;
  /** Stable, machine-readable, snake_case: `stock_unknown_sku`. */
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  /** Becomes the Retry-After header. */
  readonly retryAfterSeconds?: number;
  /** Further members of the document, e.g. the present state of a refused transition. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Thrown by handlers; answered as problem+json. Any error with a `problem` of this shape is. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly problem: ProblemDetails;

  constructor(problem: ProblemDetails) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
  }
}

type Extra = Partial<Omit<ProblemDetails, "status" | "code" | "title">>;

/** 400: the request cannot be understood. */
export const badRequest = (code: string, title: string, extra: Extra = {}): Problem =>
  new Problem({ ...extra, status: 400, code, title });

/** 403: the caller is known and may not do this. */
export const forbidden = (title: string): Problem =>
  new Problem({ status: 403, code: "forbidden", title });

/** 404: absent, or not the caller's to see. */
export const notFound = (code: string, title: string, extra: Extra = {}): Problem =>
  new Problem({ ...extra, status: 404, code, title });

/** 409: the state of things refuses it. */
export const conflict = (code: string, title: string, extra: Extra = {}): Problem =>
  new Problem({ ...extra, status: 409, code, title });

/** 422: well-formed, but its content is refused. */
export const unprocessable = (code: string, title: string, extra: Extra = {}): Problem =>
  new Problem({ ...extra, status: 422, code, title });

/** The problem an error carries, if it carries one. */
export function problemOf(error: unknown): ProblemDetails | undefined {
  if (!(error instanceof Error) || !("problem" in error)) return undefined;
  const { problem } = error;
  const shaped = typeof problem === "object" && problem !== null && "status" in problem;
  return shaped ? (problem as ProblemDetails) : undefined;
}
