import type { Admin } from "kafkajs";
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
} from "./kafkajs.ts";

/** What a principal may do with a topic or a group, or with all whose names begin so. */
export interface AccessRule {
  /** The name that it logs in with. */
  readonly principal: string;
  readonly resource: "topic" | "group";
  readonly name: string;
  readonly pattern: "literal" | "prefixed";
  /** To read or to write includes to describe. */
  readonly operations: readonly (keyof typeof operations)[];
}

const operations = {
  read: AclOperationTypes.READ,
  write: AclOperationTypes.WRITE,
  create: AclOperationTypes.CREATE,
  describe: AclOperationTypes.DESCRIBE,
  describeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
} as const;

const resources = { topic: AclResourceTypes.TOPIC, group: AclResourceTypes.GROUP } as const;

const patterns = {
  literal: ResourcePatternTypes.LITERAL,
  prefixed: ResourcePatternTypes.PREFIXED,
} as const;

/** Adds access control entries; those that exist already stay. */
export async function grant(admin: Admin, rules: readonly AccessRule[]): Promise<void> {
  await admin.createAcls({
    acl: rules.flatMap(({ principal, resource, name, pattern, operations: allowed }) =>
      allowed.map((operation) => ({
        resourceType: resources[resource],
        resourceName: name,
        resourcePatternType: patterns[pattern],
        principal: `User:${principal}`,
        host: "*",
        operation: operations[operation],
        permissionType: AclPermissionTypes.ALLOW,
      })),
    ),
  });
}
