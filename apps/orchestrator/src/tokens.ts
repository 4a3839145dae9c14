// What the wiring diagram hands out. Always written as @Inject(TOKEN).

/** {@link import('#events').EventStore} */
export const STORE = Symbol('STORE');
/** {@link import('#events').Handling}: the store and the clock of the one visible pipe. */
export const HANDLING = Symbol('HANDLING');
/** {@link import('./http/reads.ts').Reads} */
export const READS = Symbol('READS');
/** {@link import('./http/vms/passport-making.ts').MakePassport} */
export const MAKE_PASSPORT = Symbol('MAKE_PASSPORT');
/** {@link import('#events').Clock} */
export const CLOCK = Symbol('CLOCK');
/** {@link import('./http/scores.ts').Scores} */
export const SCORES = Symbol('SCORES');
/** {@link import('./http/past.ts').Past} */
export const PAST = Symbol('PAST');
/** {@link import('./projections/rebuilds.ts').Rebuilds} */
export const REBUILDS = Symbol('REBUILDS');
/** {@link import('./http/rates.ts').Rates} */
export const RATES = Symbol('RATES');
/** {@link import('./http/stamp.ts').Stamp} */
export const STAMP = Symbol('STAMP');
/** {@link import('./http/auth/authenticator.ts').Authenticator} */
export const AUTHENTICATOR = Symbol('AUTHENTICATOR');
/** {@link import('./http/ownership.ts').Ownership} */
export const OWNERSHIP = Symbol('OWNERSHIP');
/** {@link import('./http/images/image-files.ts').ImageFiles} */
export const IMAGE_FILES = Symbol('IMAGE_FILES');
/** {@link import('./sealed/hand-over.ts').HandOver} */
export const HAND_OVER = Symbol('HAND_OVER');
/** {@link import('./http/followers.ts').Followers} */
export const FOLLOWERS = Symbol('FOLLOWERS');
/** {@link import('#events').OrchestratorBus} */
export const BUS = Symbol('BUS');
/** {@link import('./lifecycle/readiness.ts').Readiness} */
export const READINESS = Symbol('READINESS');
/** {@link import('./http/views/miner.view.ts').LastSeen} */
export const LAST_SEEN = Symbol('LAST_SEEN');
/** {@link import('./http/views/credentials.view.ts').IssueMinerJwt} */
export const ISSUE_MINER_JWT = Symbol('ISSUE_MINER_JWT');
/** {@link import('./http/views/network.ts').Network} */
export const NETWORK = Symbol('NETWORK');
/** The OpenAPI document, as {@link import('./http/reference/openapi.ts').openApiDocument} makes it. */
export const OPENAPI = Symbol('OPENAPI');
