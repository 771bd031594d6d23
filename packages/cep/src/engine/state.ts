/** Everything known about one key: plain data, made by `newState`, changed by `process`. */
export type KeyState = {
  /** Latest event time seen; `-Infinity` before the first event. */
  latestAt: number;
};
