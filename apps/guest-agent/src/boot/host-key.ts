import { access, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { wipe } from '#sealing';
import { Stop } from '../stop.ts';
import { writeDurably } from './durable-file.ts';
import { dropbearKey, generateHostKey, type HostKeyPair, openSshKey, publicKeyLine } from './host-key-files.ts';

/** The SSH host key of the system in an open volume, `ssh-ed25519 AAAA…`: made here where it has none yet, and on its disk
 *  before its name exists. Runs nothing of the volume, which nobody has said go ahead to yet. Stops with `ssh-server-none`. */
export const sshHostKey = async (root: string): Promise<string> => {
  const { key, encode } = await serverOf(root);
  const path = join(root, key);
  const present = await readFile(`${path}.pub`, 'latin1').catch(() => '');
  const [, line] = /^(ssh-ed25519 [A-Za-z0-9+/]{68})(?: [^\n]*)?\n?$/.exec(present) ?? [];
  if (line !== undefined && (await isThere(path))) return line;
  const pair = generateHostKey();
  const file = encode(pair);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeDurably(`${path}.pub`, `${publicKeyLine(pair)}\n`, 0o644);
    await writeDurably(path, file, 0o600);
  } finally {
    wipe(file, pair.seed);
  }
  return publicKeyLine(pair);
};

type Server = {
  readonly program: string;
  readonly key: string;
  readonly encode: (pair: HostKeyPair) => Uint8Array;
};

const servers: readonly Server[] = [
  { program: 'usr/sbin/sshd', key: 'etc/ssh/ssh_host_ed25519_key', encode: openSshKey },
  { program: 'usr/sbin/dropbear', key: 'etc/dropbear/host_key', encode: dropbearKey },
];

const serverOf = async (root: string): Promise<Server> => {
  for (const server of servers) if (await isThere(join(root, server.program))) return server;
  const wanted = servers.map(({ program }) => `/${program}`).join(' or ');
  throw new Stop('ssh-server-none', `the volume has no SSH server, wanted ${wanted}`);
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
