// The order matters: the repairs replace inner modules before the client loads them.
import "./kafkajs-repairs.ts";
// Default import: Node's analysis of this CommonJS module does not find all of its names.
import kafkajs from "kafkajs";

export const {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  CompressionTypes,
  Kafka,
  logLevel,
  Partitioners,
  ResourcePatternTypes,
} = kafkajs;
