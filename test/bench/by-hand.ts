import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '#host';
import { dropbearKey, generateHostKey, publicKeyLine } from '../../apps/guest-agent/src/boot/host-key-files.ts';
import { cpioArchive } from '../../libs/images/src/cpio.ts';
import { kill } from '../e2e/cluster.ts';
import { until } from '../e2e/until.ts';
import { byHandInit } from './by-hand-init.ts';

/** A sealed VM's QEMU line, started by hand: the same disks and devices, and a first RAM disk that has the key in it. */
export type ByHand = {
  /** The milliseconds from nothing until `login` has been done. The machine is gone then; its volume stays. */
  boot(what: 'format' | 'unlock'): Promise<number>;
  close(): Promise<void>;
};

export type Login = (port: number, hostKey: string) => Promise<void>;

/** Makes ready what machines by hand are started from. `line` is that of a VM that ran, whose files are still there but
 *  for its own; `diskBytes` is the size of its volume. */
export const openByHand = async (
  line: readonly string[],
  { diskBytes, authorizedKey, login }: { readonly diskBytes: number; readonly authorizedKey: string; login: Login },
): Promise<ByHand> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-hand-'));
  const hostKey = generateHostKey();
  const initrd = join(dir, 'initrd.cpio');
  const files = {
    key: randomBytes(64),
    host_key: dropbearKey(hostKey),
    'host_key.pub': `${publicKeyLine(hostKey)}\n`,
    authorized_keys: `${authorizedKey}\n`,
  };
  // The kernel unpacks one archive after the other: later files replace earlier ones.
  const ours = cpioArchive([
    { kind: 'directory', path: 'by-hand', mode: 0o700 },
    ...Object.entries(files).map(
      ([name, bytes]) => ({ kind: 'file', path: `by-hand/${name}`, mode: 0o600, bytes: Buffer.from(bytes) }) as const,
    ),
    { kind: 'file', path: 'init', mode: 0o755, bytes: Buffer.from(byHandInit) },
  ]);
  const theirs = await readFile(after(line, '-initrd'));
  await writeFile(initrd, Buffer.concat([theirs, Buffer.alloc((4 - (theirs.length % 4)) % 4), ours]), { mode: 0o600 });
  const volume = join(dir, 'volume.luks');
  const boot = async (what: 'format' | 'unlock'): Promise<number> => {
    const serial = join(dir, `${randomUUID()}.log`);
    const port = await freePort();
    const [program = '', ...args] = await moved(line, { initrd, volume, serial, port, what });
    const from = performance.now();
    if (what === 'format') {
      await rm(volume, { force: true });
      await writeFile(volume, '');
      await truncate(volume, diskBytes);
    }
    const child = spawn(program, args, { stdio: 'ignore' });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    try {
      // Asked too early, QEMU's own network asks the guest again only after seconds.
      await until('the machine by hand hands over', 240_000, () => handedOver(serial, child.exitCode));
      await until('its SSH server speaks', 60_000, () => speaksSsh(port));
      await login(port, publicKeyLine(hostKey));
      return performance.now() - from;
    } finally {
      kill(child.pid ?? 0);
      await ended;
    }
  };
  return { boot, close: () => rm(dir, { recursive: true, force: true }) };
};

type Place = {
  readonly initrd: string;
  readonly volume: string;
  readonly serial: string;
  readonly port: number;
  readonly what: string;
};

/** The line with its own volume, log, sockets and port, and nothing else changed. */
const moved = async (line: readonly string[], { initrd, volume, serial, port, what }: Place) => {
  const old = after(line, '-uuid');
  const files = [...line.join('\n').matchAll(/(?:"filename":"|path=)([^",\n]+)/g)].map((match) => match[1] ?? '');
  const oldVolume = files.find((path) => path.endsWith('volume.luks'));
  if (oldVolume === undefined) throw new Error('BUG: the line is of no sealed VM');
  const [oldInitrd, oldAppend] = [after(line, '-initrd'), after(line, '-append')];
  const args = line
    .filter((arg) => arg !== '-S')
    .map((arg) => (arg === oldAppend ? `${arg} by-hand=${what}` : arg === oldInitrd ? initrd : arg))
    .map((arg) => (arg.startsWith('socket,id=serial0,') ? `file,id=serial0,path=${serial}` : arg))
    .map((arg) => arg.replaceAll(oldVolume, volume))
    .map((arg) => arg.replaceAll(old, `by-hand-${port}`).replace(/^by-hand-\d+$/, randomUUID()))
    .map((arg) => arg.replace(/hostfwd=tcp:127\.0\.0\.1:\d+-/, `hostfwd=tcp:127.0.0.1:${port}-`));
  for (const path of files.filter((one) => one.includes(old))) {
    await mkdir(dirname(path.replaceAll(old, `by-hand-${port}`)), { recursive: true });
  }
  return args;
};

const after = (line: readonly string[], option: string): string => {
  const value = line[line.indexOf(option) + 1];
  if (value === undefined || !line.includes(option)) throw new Error(`BUG: the line has no ${option}`);
  return value;
};

const handedOver = async (serial: string, exitCode: number | null): Promise<true | undefined> => {
  const said = await readFile(serial, 'latin1').catch(() => '');
  if (exitCode !== null) throw new Error(`the machine by hand ended with ${exitCode}: ${said.slice(-2_000)}`);
  return said.includes('by hand: handing over') ? true : undefined;
};

/** Whether a server greets on the port; one that is not there yet closes the connection, or lets it wait. */
const speaksSsh = async (port: number): Promise<true | undefined> => {
  const socket = connect(port, '127.0.0.1');
  const heard = await new Promise<boolean>((resolve) => {
    socket.once('data', () => resolve(true));
    socket.once('close', () => resolve(false));
    socket.once('error', () => resolve(false));
    socket.setTimeout(15_000, () => resolve(false));
  });
  socket.destroy();
  return heard ? true : undefined;
};
