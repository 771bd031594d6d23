/**
 * Named in every decision: a replay compares those of its own version byte for byte. Change it
 * whenever the same records may give other outputs than before.
 */
export const engineVersion = "1";
