import type { Stream } from "../stream.ts";
import type { Limits } from "./types.ts";

/** What judging depends on besides the lane, its state and the event. */
export type JudgeContext = {
  readonly stream: Stream;
  readonly limits: Limits;
  readonly watermark: number;
  /** Windows whose last millisecond is not after this take no more events. */
  readonly closedUpTo: number;
  /** Ids were lost to the bounds: duplicates may count twice. */
  readonly incomplete: boolean;
};
