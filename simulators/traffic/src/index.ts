export { trafficCommand } from "./command.ts";
export type { SuiteAddresses } from "./options.ts";
