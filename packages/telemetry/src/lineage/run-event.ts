/** Run events of OpenLineage, spec 2-0-2 (openlineage.io/spec/2-0-2/OpenLineage.json, RunEvent). */

/** Something that data is read from or written to, named as OpenLineage's naming page says. */
export interface LineageDataset {
  /** `kafka://broker:9092`, `postgres://host:5432`. */
  readonly namespace: string;
  /** A topic; `database.schema.table`. */
  readonly name: string;
}

/** A process that moves data without an end. */
export interface LineageJob {
  /** Unique within the namespace of all jobs here. */
  readonly name: string;
  /** What runs it, such as DEBEZIUM. */
  readonly integration: string;
  /** Version of what runs it, where that is known. */
  readonly engineVersion?: string;
  readonly inputs: readonly LineageDataset[];
  readonly outputs: readonly LineageDataset[];
}

/** Each run has one START and ends with COMPLETE, ABORT or FAIL. */
export type RunEventType = "START" | "RUNNING" | "COMPLETE" | "ABORT" | "FAIL";

/** What a run event is made of. */
export interface RunEventParts {
  readonly type: RunEventType;
  readonly atMs: number;
  /** A UUID. */
  readonly runId: string;
  /** The namespace of jobs, one for each installation. */
  readonly namespace: string;
  readonly job: LineageJob;
  /** Why it failed; without payloads. */
  readonly error?: string;
}

/** The body of a request, or a line of a file. */
export type RunEvent = Readonly<Record<string, unknown>>;

const producer = "https://github.com/holdfast-fraud/holdfast";
const spec = "https://openlineage.io/spec";

const facet = (file: string, name: string, fields: object): object => ({
  _producer: producer,
  _schemaURL: `${spec}/facets/${file}#/$defs/${name}`,
  ...fields,
});

/** The event as JSON has it. */
export function runEvent({ type, atMs, runId, namespace, job, error }: RunEventParts): RunEvent {
  const { name, integration, engineVersion, inputs, outputs } = job;
  return {
    eventType: type,
    eventTime: new Date(atMs).toISOString(),
    producer,
    schemaURL: `${spec}/2-0-2/OpenLineage.json#/$defs/RunEvent`,
    run: {
      runId,
      facets: {
        ...(engineVersion !== undefined && {
          processing_engine: facet(
            "1-1-1/ProcessingEngineRunFacet.json",
            "ProcessingEngineRunFacet",
            { name: integration, version: engineVersion },
          ),
        }),
        ...(error !== undefined && {
          errorMessage: facet("1-0-1/ErrorMessageRunFacet.json", "ErrorMessageRunFacet", {
            message: error,
            programmingLanguage: "unknown",
          }),
        }),
      },
    },
    job: {
      namespace,
      name,
      facets: {
        jobType: facet("2-0-3/JobTypeJobFacet.json", "JobTypeJobFacet", {
          processingType: "STREAMING",
          integration,
          jobType: "JOB",
        }),
      },
    },
    inputs,
    outputs,
  };
}
