/**
 * What OpenLineage's spec 2-0-2 demands of a run event, as JSON Schema 2020-12: the constraints of
 * https://openlineage.io/spec/2-0-2/OpenLineage.json (Apache-2.0, The OpenLineage Authors) on
 * BaseEvent, RunEvent, Run, Job, datasets and facets, written down anew without its descriptions, with
 * its formats as patterns, and of the facets that are sent here what their own schemas demand.
 */
const uri = { type: "string", pattern: "^[a-z][a-z0-9+.-]*://\\S+$" } as const;

const baseFacet = {
  type: "object",
  required: ["_producer", "_schemaURL"],
  properties: { _producer: uri, _schemaURL: uri, _deleted: { type: "boolean" } },
} as const;

const facetOf = (required: readonly string[], properties: object) => ({
  allOf: [baseFacet, { type: "object", required, properties }],
});

const text = { type: "string" } as const;

const dataset = {
  type: "object",
  required: ["namespace", "name"],
  properties: {
    namespace: text,
    name: text,
    facets: { type: "object", additionalProperties: baseFacet },
    inputFacets: { type: "object", additionalProperties: baseFacet },
    outputFacets: { type: "object", additionalProperties: baseFacet },
  },
} as const;

export const runEventSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  required: ["eventTime", "producer", "schemaURL", "run", "job"],
  properties: {
    eventType: { enum: ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"] },
    eventTime: {
      type: "string",
      pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$",
    },
    producer: uri,
    schemaURL: uri,
    run: {
      type: "object",
      required: ["runId"],
      properties: {
        runId: {
          type: "string",
          pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        },
        facets: {
          type: "object",
          additionalProperties: baseFacet,
          properties: {
            processing_engine: facetOf(["version"], { version: text, name: text }),
            errorMessage: facetOf(["message", "programmingLanguage"], {
              message: text,
              programmingLanguage: text,
              stackTrace: text,
            }),
          },
        },
      },
    },
    job: {
      type: "object",
      required: ["namespace", "name"],
      properties: {
        namespace: text,
        name: text,
        facets: {
          type: "object",
          additionalProperties: baseFacet,
          properties: {
            jobType: facetOf(["processingType", "integration"], {
              processingType: text,
              integration: text,
              jobType: text,
            }),
          },
        },
      },
    },
    inputs: { type: "array", items: dataset },
    outputs: { type: "array", items: dataset },
  },
} as const;
