import type { Random } from "@holdfast/traffic";
import type { History } from "../history.ts";
import type { FragileSuite } from "../suite.ts";

/** What a fault has to work with. */
export interface FaultContext {
  readonly suite: FragileSuite;
  readonly random: Random;
  readonly history: History;
}

/** Something that goes wrong for a while. */
export interface Fault {
  readonly name: string;
  /** Whether orders must be accepted as if nothing were wrong. */
  readonly mustAccept: boolean;
  /** Breaks something, waits, and mends it again; resolves when it is mended. */
  readonly strike: (context: FaultContext) => Promise<void>;
}
