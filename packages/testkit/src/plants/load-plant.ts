/**
 * Loaded before a service's own code by a process that is to have a bug, or crash points:
 * `load-plant.ts?<name>`. Source files are changed on their way into memory; what is on disk stays as
 * it is.
 */
import { registerHooks } from "node:module";
import { armCrashPointsOnSignal, crashPointReplacements, crashPoints } from "./crash-points.ts";
import { plantInto, plants, type Replacement } from "./plants.ts";

const byFile = Map.groupBy(
  replacementsOf(new URL(import.meta.url).search.slice(1)),
  ({ file }) => file,
);

function replacementsOf(name: string): readonly Replacement[] {
  if (name === crashPoints) {
    armCrashPointsOnSignal();
    return crashPointReplacements;
  }
  const plant = plants.find((one) => one.name === name);
  if (plant === undefined) throw new Error(`no bug is called ${name}`);
  return plant.replacements;
}

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    const file = [...byFile.keys()].find((one) => url.endsWith(`/${one}`));
    if (file === undefined || loaded.source === undefined || loaded.source === null) return loaded;
    const text = Buffer.from(loaded.source as Uint8Array).toString("utf8");
    return { ...loaded, source: plantInto(text, byFile.get(file) ?? []) };
  },
});
