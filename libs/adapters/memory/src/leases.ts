import type { UnixMs } from '#domain';
import type { Clock, Leases } from '#events';

type Lease = { readonly holder: string | null; readonly token: bigint; readonly expiresAt: UnixMs };

/** Leases in memory, timed by the clock given. */
export const createMemoryLeases = (clock: Clock): Leases => {
  const leases = new Map<string, Lease>();
  return {
    acquire: async (name, holder, ttlMs) => {
      const now = clock.now();
      const lease = leases.get(name) ?? { holder: null, token: 0n, expiresAt: 0 };
      const held = lease.holder !== null && lease.expiresAt > now;
      if (held && lease.holder !== holder) return null;
      const token = held ? lease.token : lease.token + 1n;
      leases.set(name, { holder, token, expiresAt: now + ttlMs });
      return token;
    },
    release: async (name, holder) => {
      const lease = leases.get(name);
      if (lease?.holder === holder) leases.set(name, { ...lease, holder: null });
    },
  };
};
