export { planTraffic } from "./plan.ts";
