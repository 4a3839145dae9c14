import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GuestHostKey, run } from '#host';

/** Logs in to test VMs the way a careful person would: one key, one pinned host key, no questions.
 *  `dir` holds the private key `id` and gets `known_hosts`. */
export function sshFixture(dir: string, user: string) {
  const args = (port: number, ...more: string[]): string[] => {
    const settings = ['BatchMode=yes', 'StrictHostKeyChecking=yes', 'IdentitiesOnly=yes', 'ConnectTimeout=20'];
    const known = `UserKnownHostsFile=${join(dir, 'known_hosts')}`;
    const options = [...settings, known, ...more].flatMap((option) => ['-o', option]);
    return ['-F', 'none', ...options, '-i', join(dir, 'id'), '-p', String(port), `${user}@127.0.0.1`];
  };
  return {
    /** From now on the VM behind `port` must show exactly this key. */
    pin: (port: number, hostKey: GuestHostKey): Promise<void> =>
      writeFile(join(dir, 'known_hosts'), `[127.0.0.1]:${port} ${hostKey.publicKey}\n`),
    /** What a command prints in the VM. */
    ssh: async (port: number, command: string): Promise<string> =>
      (await run('ssh', [...args(port), command], { timeoutMs: 30_000 })).stdout,
    /** The log-in methods the guest names when no key is offered. */
    methodsWithoutKey: async (port: number): Promise<string> => {
      const failure = await run('ssh', [...args(port, 'PubkeyAuthentication=no'), 'true']).catch(
        (error: unknown) => error,
      );
      if (!(failure instanceof Error)) return 'let in';
      return /Permission denied \(([^)]*)\)/.exec(failure.message)?.[1] ?? failure.message;
    },
  };
}
