/** The moment in which is judged; one object serves many, so that a step costs little memory. */
export type JudgeContext = {
  watermark: number;
  /** Windows whose last millisecond is not after this take no more events. */
  closedUpTo: number;
  /** Ids were lost to the bounds: duplicates may count twice. */
  incomplete: boolean;
};

/** Before anything. The doubles are there from the start, which keeps the object's shape. */
export function newContext(): JudgeContext {
  return {
    watermark: Number.NEGATIVE_INFINITY,
    closedUpTo: Number.NEGATIVE_INFINITY,
    incomplete: false,
  };
}
