import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openNetworkMessage, SealingError } from '#sealing';
import type { Host } from './host.ts';
import type { VmIdentity } from './identity.ts';
import { limits } from './limits.ts';
import { placeAccess, setHostname } from './place-access.ts';

export type ResidentParts = {
  readonly host: Host;
  readonly identity: VmIdentity;
  readonly guestKeySha256: string;
  readonly sshHostKey: string;
  /** Of the keys that are in place. */
  readonly keysVersion: number;
  /** The system's /run and /proc: relative, since the root this process was started in is gone. */
  readonly places: { readonly run: string; readonly proc: string };
  readonly uptimeMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
  readonly say: (line: string) => void;
};

/** What stays of the agent in a machine that was handed over: says that log-ins work, to every host that comes, and takes
 *  newer keys from the network. Nothing that a host says ends the machine. */
export const stay = async (parts: ResidentParts): Promise<never> => {
  const { host, uptimeMs } = parts;
  await sshListens(parts);
  let { keysVersion } = parts;
  let told = { connection: -1, atMs: 0, keysVersion: -1 };
  for (;;) {
    const now = { connection: host.connections(), atMs: uptimeMs(), keysVersion };
    const isNews = now.connection !== told.connection || now.keysVersion !== told.keysVersion;
    if (isNews || now.atMs - told.atMs > limits.readyAgainMs) {
      await host.ready(parts.sshHostKey, keysVersion);
      told = now;
    }
    const envelope = await host.access(limits.idlePollMs);
    if (envelope !== null) keysVersion = await applyAccess(parts, envelope, keysVersion);
  }
};

type AccessParts = Pick<ResidentParts, 'identity' | 'guestKeySha256' | 'places' | 'say'>;

/** Puts the keys of a message in place when the network signed it for this boot and it is newer than version `present`.
 *  Promises the version that is in place then. */
export const applyAccess = async (parts: AccessParts, envelope: string, present: number): Promise<number> => {
  const { networkId, networkKey, vmId, generation, bootId } = parts.identity;
  const of = { networkId, vmId, generation, bootId, guestKeySha256: parts.guestKeySha256 };
  try {
    const message = openNetworkMessage(envelope, networkKey, { ...of, purpose: 'access', nonce: '' });
    if (message.keysVersion <= present) return present;
    placeAccess(parts.places.run, message);
    setHostname(parts.places.proc, message.hostname);
    parts.say(`keys of version ${message.keysVersion} are in place`);
    return message.keysVersion;
  } catch (error) {
    if (!(error instanceof SealingError)) throw error;
    parts.say(`an access message was passed over, ${error.code}: ${error.message}`);
    return present;
  }
};

/** Fulfilled once something listens on port 22, or after a while all the same: the owner finds out by trying. */
const sshListens = async ({ uptimeMs, pause, say, places }: ResidentParts): Promise<void> => {
  for (const until = uptimeMs() + limits.sshWaitMs; uptimeMs() < until; ) {
    // Not at once: the system is being handed over on the same processor, and nothing listens yet.
    await pause(limits.sshPollMs);
    for (const table of ['tcp', 'tcp6']) {
      if (isListening(readTable(places.proc, table))) return;
    }
  }
  say(`no SSH server listens after ${limits.sshWaitMs} ms`);
};

/** Read at once: the system starts beside this, on the same processor. */
const readTable = (proc: string, table: string): string => {
  try {
    return readFileSync(join(proc, 'net', table), 'latin1');
  } catch {
    return '';
  }
};

/** Whether a kernel's table of sockets has one in state LISTEN (0A) on port 22. Pure. */
export const isListening = (table: string): boolean =>
  table.split('\n').some((line) => /^ *\d+: [0-9A-F]+:0016 [0-9A-F]+:[0-9A-F]{4} 0A /.test(line));
