/** AMD's key server answers about one VCEK in ten seconds to one address, and 429 to the rest. */
export const pauseMs = 10_000;

/** After a refusal or no answer the pause doubles up to this: an outage is asked about four times an hour. */
export const pauseMaxMs = 15 * 60_000;

/** A request without an answer by then has none. */
export const answerMs = 10_000;

/** A VCEK is 1.4 KiB, a chain of two certificates in PEM 4.6 KiB. */
export const certificateBytesMax = 64 * 1024;

/** A list names a few intermediates; AMD's are below 1 KiB. */
export const listBytesMax = 512 * 1024;

/** Intermediates are changed once in years, and a chain that is kept still verifies. */
export const chainKeptMs = 30 * 86_400_000;

/** A list is asked for anew each day. */
export const listKeptMs = 86_400_000;

/** A chip the server does not know is not asked for again before this. */
export const unknownKeptMs = 60 * 60_000;

/** Such chips that are remembered: each costs a request, of which there are 360 in that hour. */
export const unknownMax = 512;

/** One kept file: the largest answer in base64, with its time. */
export const keptFileBytesMax = 2 * listBytesMax;
