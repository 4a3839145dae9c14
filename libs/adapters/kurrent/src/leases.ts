import { z } from 'zod';
import type { Clock, Ids, Leases } from '#events';
import { storeFault } from './faults.ts';
import { racesMax } from './limits.ts';
import type { Link } from './link.ts';
import { createSmallStream } from './small-stream.ts';

const lease = z.object({
  holder: z.string().nullable(),
  token: z.string().regex(/^[0-9]{1,19}$/),
  /** Unix ms by the clock of the one who took it. */
  expiresAt: z.number(),
});
type Lease = z.infer<typeof lease>;

/** Leases in the same database, each in a small stream of its own, written at the revision that was read. */
export const createLeases = (link: Link, ids: Ids, clock: Clock): Leases => {
  const streamOf = (name: string) =>
    createSmallStream({ link, ids, name: `hcc_lease-${name}`, type: 'LeaseTaken', schema: lease });
  /** Writes what `next` makes of the lease as it is; `null` from it leaves the lease alone. */
  const change = async (name: string, next: (current: Lease) => Lease | null): Promise<Lease | null> => {
    const stream = streamOf(name);
    for (let race = 0; race < racesMax; race += 1) {
      const found = await stream.read();
      const wanted = next(found?.value ?? { holder: null, token: '0', expiresAt: 0 });
      if (wanted === null) return null;
      if (await stream.write(wanted, found?.revision ?? null)) return wanted;
    }
    throw storeFault(link.shown, 'busy', `the lease ${name} lost ${racesMax} races in a row`);
  };
  return {
    acquire: async (name, holder, ttlMs) => {
      const taken = await change(name, (current) => {
        const now = clock.now();
        const isHeld = current.holder !== null && current.expiresAt > now;
        if (isHeld && current.holder !== holder) return null;
        const token = isHeld ? current.token : (BigInt(current.token) + 1n).toString();
        return { holder, token, expiresAt: now + ttlMs };
      });
      return taken === null ? null : BigInt(taken.token);
    },
    release: async (name, holder) => {
      await change(name, (current) => (current.holder === holder ? { ...current, holder: null } : null));
    },
  };
};
