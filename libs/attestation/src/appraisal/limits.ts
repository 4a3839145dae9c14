/** Bounds of what is appraised. Each number carries the reason it has. */
export const appraisalLimits = {
  /** One message of a bus, with some room: what is larger sends its measurement list in parts. */
  evidenceBytesMax: 900 * 1024,
  /** A list that grew for months is some tens of MiB; one round sends what is new. */
  imaBytesMax: 64 * 1024 * 1024,
  /**
   * Entries after the quote that an honest host may have. A list is read within seconds of its quote, and what adds to it
   * fastest, a backup that opens every file as root, adds some thousand in a second.
   */
  imaTailMax: 20_000,
  /** Parts of that size at 64 KiB each. */
  imaPartsMax: 1_024,
  /** Refusals that are kept and stored: enough to see what happened, too few to be a burden. */
  refusalsMax: 32,
  /** Text of one refusal: a line on a screen, and what a list of digests needs. */
  refusalTextMax: 400,
  /** Ids and versions are UUIDs and release names. */
  nameCharsMax: 128,
  /** A boot spec has six short members. */
  bootSpecCharsMax: 2_048,
  /** 32 today; a longer one is a different protocol. */
  nonceBytesMax: 64,
  /** Releases and machine shapes of one installation that are good at the same time. */
  launchDigestsMax: 4_096,
  /** An update overlaps with what it replaces, and some releases stay for long. */
  agentBundlesMax: 64,
  /** Files of one release of the agent. */
  agentFilesMax: 4_096,
  /** Registers with a wanted value, and values of one: firmware of every kind of machine. */
  pcrReferencesMax: 64,
  pcrValuesMax: 4_096,
  /** A signed result is 2 KiB; refusals make it 20. */
  resultCharsMax: 64 * 1024,
} as const;
