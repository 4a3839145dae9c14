/** Randomness. Only an adapter reads the machine's; the simulator seeds its own. */
export type Ids = {
  /** A random UUID, lower case. */
  uuid(): string;
};
