/** Bounds of a passport. Each number carries the reason it has. */
export const passportLimits = {
  /** What a person sends and opens, below the largest answer that `hcc` takes. */
  bytesMax: 12 * 1024 * 1024,
  /** What evidence and certificates may take of it, in base64: the rest is the events'. A boot has some 28 KiB of evidence. */
  keptCharsMax: 8 * 1024 * 1024,
  /** The streams: some 8,000 events, of years of reboots. */
  eventCharsMax: 3 * 1024 * 1024,
  /** Policies: one names some images in some kB. */
  policyCharsMax: 512 * 1024,
  /** Two for each boot; what is older is named without its evidence. */
  appraisalsMax: 4_096,
  /** Brackets within brackets; the deepest honest one is a policy's firmware. */
  depthMax: 32,
  eventsMax: 20_000,
  policiesMax: 64,
  /** Evidence of a guest, as the bus takes it, or a certificate. */
  keptBytesMax: 64 * 1024,
  /** The ASK and the ARK. */
  chainMax: 4,
  /** Clocks of an attestor and an orchestrator of one network. */
  clocksApartMs: 5_000,
} as const;
