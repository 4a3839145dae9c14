/** How soon a guest that waits for a person or for us asks again. */
export const guestRetryMs = 3_000;

/** What QEMU's user network gives its only guest: inside every VM the same. Names are resolved by the host. */
export const addressInGuest = { address: '10.0.2.15/24', gateway: '10.0.2.2', dns: [] } as const;

/**
 * What opening a volume costs beside its key. The key is 64 random bytes that nobody can guess, so the cost guards nothing
 * and only the format asks for it: the least that a guest takes, because an emulated processor takes seconds for more.
 */
export const argon2Cost = { memoryKib: 32 * 1024, iterations: 4, parallelism: 1 } as const;
