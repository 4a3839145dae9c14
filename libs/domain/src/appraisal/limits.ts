/** Refusals kept of one appraisal: what is wrong shows in the first ones, and evidence must not write without limit. */
export const appraisalRefusalsMax = 32;
/** Used nonces remembered of one attester. Challenges are throttled far below this within a nonce's life. */
export const usedNoncesMax = 256;
/** Keys a kernel loaded and a policy trusts, kept between rounds: a distribution has one or two, and a verifier trusts no more. */
export const loadedKeysMax = 8;
