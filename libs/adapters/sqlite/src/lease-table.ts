import type Database from 'better-sqlite3';
import type { UnixMs } from '#domain';
import type { AcquireLease } from './requests.ts';

type Lease = { readonly holder: string | null; readonly token: number; readonly expiresAt: UnixMs };

export type LeaseTable = {
  /** The token when the holder has it now, `null` when another does. */
  acquire(request: AcquireLease): number | null;
  release(name: string, holder: string): void;
};

/** Leases in the store's file, inside the open transaction. A row stays when its lease ends, so that tokens go on rising. */
export const createLeaseTable = (db: Database.Database): LeaseTable => {
  const find = db.prepare<[string], Lease>('SELECT holder, token, expires_at AS expiresAt FROM leases WHERE name = ?');
  const put = db.prepare<[string, string, number, UnixMs]>(
    'INSERT OR REPLACE INTO leases (name, holder, token, expires_at) VALUES (?, ?, ?, ?)',
  );
  const release = db.prepare<[string, string]>('UPDATE leases SET holder = NULL WHERE name = ? AND holder = ?');
  return {
    acquire: ({ name, holder, now, expiresAt }) => {
      const lease = find.get(name) ?? { holder: null, token: 0, expiresAt: 0 };
      const held = lease.holder !== null && lease.expiresAt > now;
      if (held && lease.holder !== holder) return null;
      const token = held ? lease.token : lease.token + 1;
      put.run(name, holder, token, expiresAt);
      return token;
    },
    release: (name, holder) => {
      release.run(name, holder);
    },
  };
};
