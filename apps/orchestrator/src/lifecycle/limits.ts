/** A lost holder's lease ends within this: as long as the network may stand without processes after a crash. */
export const leaseMs = 5_000;
/** Renewed well before it ends, so that one slow write loses nothing. */
export const leaseRenewMs = 1_500;
/** How often one who waits for the lease asks for it, and the pause after a failed start of its parts. */
export const leaseRetryMs = 1_000;
/** The pause after one that failed with what only a person ends. */
export const leaseLastingRetryMs = 30_000;
/** A miner's credentials; renewed at half of it. A host that is cast out keeps its subjects no longer than this. */
export const minerCredentialsMs = 24 * 60 * 60_000;
/** The first start of a build reads the whole log before processes go on: ten minutes for ten million events, beside the read model. */
export const processesStartMs = 60 * 60_000;
