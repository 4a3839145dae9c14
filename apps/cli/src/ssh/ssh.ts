import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { shellWord } from '../output/text.ts';
import { hostKeyAlias, type SshTarget } from './pin.ts';

export type Login = {
  readonly target: SshTarget;
  readonly knownHosts: string;
  /** The private key to use; ssh's own choice when left out. */
  readonly identity?: string | undefined;
};

/** The arguments of an ssh that trusts exactly the pinned key. `command` is one string, as ssh passes it on. */
export const sshArgs = (login: Login, options: readonly string[] = [], command: readonly string[] = []): string[] => [
  ...(login.identity === undefined ? [] : ['-i', login.identity, '-o', 'IdentitiesOnly=yes']),
  ...options,
  '-o',
  'StrictHostKeyChecking=yes',
  '-o',
  `UserKnownHostsFile=${configWord(login.knownHosts)}`,
  '-o',
  `HostKeyAlias=${hostKeyAlias(login.target.vmId)}`,
  '-p',
  login.target.port.toString(),
  '-l',
  login.target.user,
  '--',
  login.target.host,
  ...command,
];

/** The same as one line that works when it is pasted into a shell. */
export const sshLine = (login: Login): string => {
  const { target } = login;
  const args = [
    ...(login.identity === undefined ? [] : ['-i', login.identity]),
    '-p',
    target.port.toString(),
    '-o',
    'StrictHostKeyChecking=yes',
    '-o',
    `UserKnownHostsFile=${configWord(login.knownHosts)}`,
    '-o',
    `HostKeyAlias=${hostKeyAlias(target.vmId)}`,
    `${target.user}@${target.host}`,
  ];
  return ['ssh', ...args.map(shellWord)].join(' ');
};

/** Runs ssh on this terminal and promises its exit code, 128 + n for one that a signal ended. */
export const runSsh = (program: string, args: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : (constants.signals[signal] ?? 0)));
    });
  });

/** A value inside one of ssh's `-o` options, which splits at spaces and expands percent signs. */
const configWord = (path: string): string => {
  const escaped = path.replaceAll('%', '%%');
  return /[\s"]/.test(escaped) ? `"${escaped}"` : escaped;
};
