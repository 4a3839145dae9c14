/** From a challenge to its answer: a quote takes a second, a guest under emulation some more, a list of 64 MiB its transfer. */
export const nonceMs = 120_000;
/** From the credential to its answer: a TPM takes under a second, a busy host some. */
export const activationMs = 300_000;
/** Requests of one miner at once: enrolment and a first round are six. */
export const requestsBurst = 12;
/** Then one in this time. A re-check after a failure asks for a challenge every five seconds at the most. */
export const requestEveryMs = 2_000;
/** Requests of one miner for its VMs at once: each start is a challenge and evidence, twice, and a host that comes back starts a hundred. */
export const guestRequestsBurst = 400;
/** Then one in this time. */
export const guestRequestEveryMs = 250;
/** Requests for one VM at once: three starts of it. Far fewer than the nonces that are remembered, in the life of a nonce. */
export const vmRequestsBurst = 12;
/** Then one in this time. */
export const vmRequestEveryMs = 2_000;
/** VMs whose requests are counted at once; who was silent longest is forgotten first. */
export const throttledVmsMax = 50_000;
/** Attesters that are kept folded ahead of the reader of the log; who wrote longest ago is read again when it comes. */
export const attestersAheadMax = 10_000;
/** Miners whose requests are counted at once; who was silent longest is forgotten first. */
export const throttledMinersMax = 20_000;
/** Evidence judged at once in this process, each at most 1 MB. Verification has the thread to itself; what waits beside it is the disk, which takes many together as fast as one. */
export const judgedAtOnceMax = 64;
/** Evidence whose measurement list came in parts, up to 64 MiB, judged at once: each is in memory some three times. */
export const largeJudgedAtOnceMax = 2;
/** Those that wait for that. */
export const largeWaitingMax = 14;
/** Evidence that waits for its turn here; beyond, an attester is told to come again. Each holds at most 1 MB. */
export const waitingMax = 256;
/** How long evidence is kept, so that it can be judged again: a year of policies. */
export const evidenceKeptMs = 366 * 24 * 3_600_000;
/** How often what is older is dropped. */
export const dropEveryMs = 6 * 3_600_000;
/** Conflicts of one append with another attestor's before it is given back as busy. */
export const conflictsMax = 3;
/** Parts of measurement lists that are held for evidence still to come, over all miners. */
export const spoolBytesMax = 512 * 1024 * 1024;
/** An Attestation Result is for the relying party of this moment. */
export const resultMs = 300_000;
/** Validity of a simulated chip's certificate. */
export const chipCertificateMs = 10 * 366 * 24 * 3_600_000;
/** How long a list of what a simulated root took back holds; it is made anew each day, from the day before on. */
export const revocationListMs = 8 * 24 * 3_600_000;
/** Two RSA-4096 keys and their certificates as text. */
export const simulatedRootBytesMax = 64 * 1024;
/** Parts of a measurement list of one miner at once: a whole list of 64 MiB. */
export const imaPartsBurst = 128;
/** Then one in this time. */
export const imaPartEveryMs = 250;
/** Vendors of TPMs and their generations of roots: some tens. */
export const tpmRootsMax = 1_000;
export const tpmRootBytesMax = 64 * 1024;
/** The network is founded by the orchestrator, and the first start of a build reads the whole log: minutes for tens of millions of events. */
export const worldWaitMs = 60 * 60_000;
