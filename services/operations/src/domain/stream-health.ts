/** What is known of one change stream: its connector, its replication slot, its stored position. */
export interface StreamSight {
  /** State of the connector, as Kafka Connect calls it. */
  readonly connector: string;
  /** Whether the connector or one of its tasks has failed. */
  readonly failed: boolean;
  /** Undefined when the server has no such slot. */
  readonly slot: { readonly walStatus: string; readonly restartPosition: number } | undefined;
  /** Where the connector would go on reading the log, in bytes; undefined before the first record. */
  readonly storedPosition: number | undefined;
}

/** Why a stream cannot go on where it stopped. */
export type StreamBreak = "slot_missing" | "slot_lost" | "position_gone" | "repair_interrupted";

/**
 * What has broken a stream beyond what a restart mends; undefined when nothing has. Changes between the
 * stored position and the start of a slot are not in the log any more, so a stream that went on from
 * there would lose them without a word. A connector that a person stopped is left alone.
 */
export function breakOf({
  connector,
  failed,
  slot,
  storedPosition,
}: StreamSight): StreamBreak | undefined {
  const stopped = connector === "STOPPED";
  if (slot === undefined) return "slot_missing";
  if (slot.walStatus === "lost") return "slot_lost";
  // Our own repair stops the connector, then forgets its position: half of it has been done.
  if (stopped && storedPosition === undefined) return "repair_interrupted";
  // A running task may be ahead of what it has stored; only a resting one can be judged by that.
  if (
    (failed || stopped) &&
    storedPosition !== undefined &&
    slot.restartPosition > storedPosition
  ) {
    return "position_gone";
  }
  return undefined;
}
