import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { badAnswer } from '../cli-error.ts';
import type { VmView } from '../client/views.ts';
import { readSmallFile, type Where } from '../context.ts';

/** A VM that says where its ssh server is and which key it has. */
export type SshTarget = {
  readonly vmId: string;
  readonly user: string;
  readonly host: string;
  readonly port: number;
  readonly hostKey: string;
};

// All of these come from a miner or an image: each is checked before it reaches ssh's arguments or a known_hosts line.
const hostKeyText = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,2000}={0,2}$/;
const hostText = /^[A-Za-z0-9:][A-Za-z0-9.:-]{0,252}$/;
const userText = /^[a-z_][a-z0-9_-]{0,31}$/;

/** Where to log in to a VM. Refuses one that is not running, and an endpoint that ssh must not be given. */
export const sshTarget = (vm: VmView): SshTarget => {
  if (vm.observed !== 'running' || vm.endpoint === null || vm.sshHostKey === null) {
    throw badAnswer('vm-not-running', `${vm.name} cannot be logged in to: ${vm.observedText}`, {
      observed: vm.observed,
      wanted: 'running',
      fix: vm.desired === 'stopped' ? `hcc vm start ${vm.vmId}` : `hcc vm status ${vm.vmId}`,
    });
  }
  const [type, blob] = vm.sshHostKey.trim().split(/\s+/);
  const target = { vmId: vm.vmId, user: vm.sshUser, ...vm.endpoint, hostKey: `${type} ${blob}` };
  if (hostKeyText.test(target.hostKey) && hostText.test(target.host) && userText.test(target.user)) return target;
  throw badAnswer('ssh-endpoint-unsafe', `the reported ssh endpoint of ${vm.name} is not one`, {
    observed: `${target.user}@${target.host} ${target.hostKey}`,
    wanted: 'a user name, a host name or address, and one OpenSSH public key',
  });
};

/** The name under which the host key is pinned: the VM's, so that a new port or address changes nothing. */
export const hostKeyAlias = (vmId: string): string => `vm-${vmId}`;

/** The known_hosts file of one VM: in the home of a local cluster, else in the cache under the cluster's address. */
const knownHostsFile = (where: Where, vmId: string): string => {
  const dir = where.local
    ? join(where.homeDir, 'known_hosts')
    : join(where.cacheDir, 'known_hosts', createHash('sha256').update(where.url).digest('hex').slice(0, 12));
  return join(dir, vmId);
};

/** Pins the reported host key in a file of its own and promises its path.
 *  Refuses `host-key-changed` when another one was pinned before, unless `repin`. */
export const pinHostKey = async (where: Where, target: SshTarget, repin: boolean): Promise<string> => {
  const path = knownHostsFile(where, target.vmId);
  const line = `${hostKeyAlias(target.vmId)} ${target.hostKey}\n`;
  const pinned = await readSmallFile(path);
  if (pinned === line) return path;
  if (pinned !== null && !repin) {
    throw badAnswer('host-key-changed', `the host key of vm ${target.vmId} is not the one seen before`, {
      observed: target.hostKey,
      wanted: pinned.trim().split(' ').slice(1).join(' '),
      fix: `if you know why it changed: hcc vm ssh --repin ${target.vmId}`,
    });
  }
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, line, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return path;
};
