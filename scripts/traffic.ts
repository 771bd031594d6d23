import { trafficCommand } from "@holdfast/traffic";
import { suiteAddresses } from "./command/addresses.ts";

process.exitCode = await trafficCommand(process.argv.slice(2), suiteAddresses());
