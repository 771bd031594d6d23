/** Gives a new unique id at each call; service-kit's is UUIDv7. */
export interface Ids {
  next(): string;
}

/** Milliseconds since the epoch. */
export interface Clock {
  now(): number;
}

/** Something that runs between start and stop, as service-kit's runService takes it. */
export interface Component {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}
