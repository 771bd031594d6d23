// Where the real clock and chance enter this package; the defaults of what may be injected.
import { randomUUID } from "node:crypto";

/** Milliseconds since the epoch. */
export const systemNow = (): number => Date.now();

/** 0 to 1, for spreading waits. */
export const systemRandom = (): number => Math.random();

/** A name that nobody else uses. */
export const uniqueName = (prefix: string): string => `${prefix}-${randomUUID()}`;
