/** Asks of one miner at once: an agent's life asks for its specs once, and an operator may restart it some times. */
export const asksBurst = 6;
/** Then one in this time. Every sync makes the server deliver every spec of that miner again. */
export const askEveryMs = 10_000;
/** Reports of one miner at once: a host that comes back says what it sees of every VM, and hosts have hundreds. */
export const reportsBurst = 1_000;
/** Then one in this time: 100 a second, ten times what a busy host says. The bus keeps the newest of each VM meanwhile. */
export const reportEveryMs = 10;
/** Miners whose asks are counted at once; a miner that was silent longest is forgotten first, and begins anew. */
export const throttledMinersMax = 20_000;
