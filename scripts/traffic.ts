import { trafficCommand } from "@holdfast/traffic";
import { suiteAddresses } from "./command/addresses.ts";

const { kafkaBrokers, schemaRegistryUrl, serviceUrls } = suiteAddresses();

process.exitCode = await trafficCommand(process.argv.slice(2), {
  kafkaBrokers,
  schemaRegistryUrl,
  orderUrl: serviceUrls.order,
  paymentUrl: serviceUrls.payment,
  inventoryUrl: serviceUrls.inventory,
});
