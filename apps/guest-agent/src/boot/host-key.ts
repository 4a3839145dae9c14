import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { wipe } from '#sealing';
import { Stop } from '../stop.ts';
import { writeDurably } from './durable-file.ts';
import { dropbearKey, generateHostKey, type HostKeyPair, openSshKey, publicKeyLine } from './host-key-files.ts';

/** The SSH host key of the system in an open volume, `ssh-ed25519 AAAA…`: made here where it has none yet, and on its disk
 *  before its name exists. Runs nothing of the volume, which nobody has said go ahead to yet. Stops with `ssh-server-none`. */
export const sshHostKey = (root: string): string => {
  const { key, encode } = serverOf(root);
  const path = join(root, key);
  const present = existsSync(`${path}.pub`) ? readFileSync(`${path}.pub`, 'latin1') : '';
  const [, line] = /^(ssh-ed25519 [A-Za-z0-9+/]{68})(?: [^\n]*)?\n?$/.exec(present) ?? [];
  if (line !== undefined && existsSync(path)) return line;
  const pair = generateHostKey();
  const file = encode(pair);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeDurably(`${path}.pub`, `${publicKeyLine(pair)}\n`, 0o644);
    writeDurably(path, file, 0o600);
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

const serverOf = (root: string): Server => {
  for (const server of servers) if (existsSync(join(root, server.program))) return server;
  const wanted = servers.map(({ program }) => `/${program}`).join(' or ');
  throw new Stop('ssh-server-none', `the volume has no SSH server, wanted ${wanted}`);
};
