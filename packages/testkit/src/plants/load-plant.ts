/**
 * Loaded before a service's own code by a process that is to have a bug: `load-plant.ts?<plant>`.
 * Source files are changed on their way into memory; what is on disk stays as it is.
 */
import { registerHooks } from "node:module";
import { plantInto, plants } from "./plants.ts";

const name = new URL(import.meta.url).search.slice(1);
const plant = plants.find((one) => one.name === name);
if (plant === undefined) throw new Error(`no bug is called ${name}`);
const byFile = Map.groupBy(plant.replacements, ({ file }) => file);

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    const file = [...byFile.keys()].find((one) => url.endsWith(`/${one}`));
    if (file === undefined || loaded.source === undefined || loaded.source === null) return loaded;
    const text = Buffer.from(loaded.source as Uint8Array).toString("utf8");
    return { ...loaded, source: plantInto(text, byFile.get(file) ?? []) };
  },
});
