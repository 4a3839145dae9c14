import { join } from 'node:path';
import { messageBytesMax, serverLogBytesMax, serverLogFilesMax, storeBytesMax } from './limits.ts';
import type { NatsOperator } from './operator.ts';

export type ServerConfigOptions = {
  readonly operator: NatsOperator;
  /** Everything of this server lives below it. */
  readonly dir: string;
  /** Loopback unless told otherwise: who may connect from outside is a decision. */
  readonly host?: string;
  /** Left out, the operating system chooses; the server says which in its ports file. */
  readonly port?: number;
  readonly serverName?: string;
};

/** Where a server of `dir` keeps what it writes. */
export const serverFiles = (dir: string) =>
  ({
    config: join(dir, 'nats-server.conf'),
    log: join(dir, 'nats-server.log'),
    /** What it says before it has read its configuration, and when it crashes. */
    stderr: join(dir, 'nats-server.err'),
    pid: join(dir, 'nats-server.pid'),
    store: join(dir, 'jetstream'),
  }) as const;

/** The server's configuration as text: operator mode, accounts from memory, JetStream on disk. It holds no seed. */
export const serverConfig = ({
  operator,
  dir,
  host = '127.0.0.1',
  port,
  serverName = 'hcc',
}: ServerConfigOptions): string => {
  const files = serverFiles(dir);
  return [
    `server_name: ${quoted(serverName)}`,
    `host: ${quoted(host)}`,
    `port: ${port ?? -1}`,
    ...operatorConfig(operator),
    'jetstream: {',
    `  store_dir: ${quoted(files.store)}`,
    `  max_file_store: ${storeBytesMax}`,
    '}',
    `max_payload: ${2 * messageBytesMax}`,
    `pid_file: ${quoted(files.pid)}`,
    `ports_file_dir: ${quoted(dir)}`,
    `log_file: ${quoted(files.log)}`,
    `logfile_size_limit: ${serverLogBytesMax}`,
    `logfile_max_num: ${serverLogFilesMax}`,
    '',
  ].join('\n');
};

/** Who may sign credentials, and which accounts there are: public keys and signed claims. */
export const operatorConfig = ({ jwt, system, hcc, miners }: NatsOperator): readonly string[] => [
  `operator: ${quoted(jwt)}`,
  `system_account: ${system.publicKey}`,
  'resolver: MEMORY',
  'resolver_preload: {',
  ...[system, hcc, miners].map((account) => `  ${account.publicKey}: ${quoted(account.jwt)}`),
  '}',
];

/** NATS configuration strings take JSON's escapes. */
const quoted = (text: string): string => JSON.stringify(text);
