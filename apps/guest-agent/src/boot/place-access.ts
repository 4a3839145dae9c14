import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who may log in, and what the machine is called. */
export type Access = { readonly hostname: string; readonly authorizedKeys: readonly string[] };

/** Puts the owner's keys and the host name where the system looks for them, in memory only: no key outlives its boot on the
 *  disk. `run` is the system's /run. Keys are replaced in one step. */
export const placeAccess = (run: string, { hostname, authorizedKeys }: Access): void => {
  const dir = join(run, 'hcc/ssh');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const keys = join(dir, 'authorized_keys');
  writeFileSync(`${keys}.new`, authorizedKeys.map((key) => `${key}\n`).join(''), { mode: 0o600 });
  renameSync(`${keys}.new`, keys);
  writeFileSync(join(run, 'hcc/hostname'), `${hostname}\n`, { mode: 0o644 });
};

/** Name servers for the system, where the network gives any. */
export const placeNameServers = (run: string, servers: readonly string[]): void => {
  if (servers.length === 0) return;
  mkdirSync(join(run, 'hcc'), { recursive: true, mode: 0o700 });
  writeFileSync(join(run, 'hcc/resolv.conf'), servers.map((server) => `nameserver ${server}\n`).join(''));
};

/** What the running kernel calls itself; `proc` is where its /proc is. */
export const setHostname = (proc: string, hostname: string): void =>
  writeFileSync(join(proc, 'sys/kernel/hostname'), hostname);
