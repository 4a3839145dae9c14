import { createHash } from 'node:crypto';
import { HostError } from '../errors.ts';
import { limits } from '../limits.ts';
import { type GuestHostKey, parseHostKey } from './host-key.ts';

/** Protocol version; first word of every line. A line is words separated by one space:
 *  `hcc/1 <message> <boot id> [<argument> ...]`. */
export const guestProtocol = 'hcc/1';

/** What a guest says. `bootId` is the guest's own and new at every boot. */
export type GuestMessage =
  | { readonly kind: 'hello'; readonly bootId: string }
  | {
      readonly kind: 'ready';
      readonly bootId: string;
      readonly hostKey: GuestHostKey;
      /** SHA-256 of the keys it lets in, as {@link keysDigest} has it; absent from guests that do not say. */
      readonly keysSha256?: string;
    }
  | { readonly kind: 'failed'; readonly bootId: string; readonly detail: string };

/** What the host says. */
export type HostMessage =
  | { readonly kind: 'ask' }
  | { readonly kind: 'welcome'; readonly bootId: string; readonly access: GuestAccess }
  | { readonly kind: 'seen'; readonly bootId: string };

/** What a guest learns from its host at every boot: who it is, and whose SSH keys to let in. */
export type GuestAccess = { readonly hostname: string; readonly authorizedKeys: readonly string[] };

/** Reads one line from a guest, or says undefined for anything that is not a message, such as the end of a line an
 *  earlier connection cut. Total and pure; nothing a guest writes gets further than these fields. */
export function parseGuestMessage(line: string): GuestMessage | undefined {
  const [protocol, kind, bootId, ...rest] = line.split(' ');
  if (protocol !== guestProtocol || bootId === undefined || !bootIdPattern.test(bootId)) return undefined;
  const [first = '', second = '', third] = rest;
  switch (kind) {
    case 'hello':
      return rest.length === 0 ? { kind, bootId } : undefined;
    case 'ready': {
      const hostKey = rest.length === 2 || rest.length === 3 ? parseHostKey(first, second) : undefined;
      if (hostKey === undefined || (third !== undefined && !digestPattern.test(third))) return undefined;
      return { kind, bootId, hostKey, ...(third === undefined ? {} : { keysSha256: third }) };
    }
    case 'failed':
      return rest.length === 1 ? { kind, bootId, detail: readable(first) } : undefined;
    default:
      return undefined;
  }
}

/** One host message as a line with its end. The empty line before it ends what an earlier connection left unfinished.
 *  Refuses with `guest-access-refused` a hostname or keys that would not survive the line. */
export function formatHostMessage(message: HostMessage): string {
  switch (message.kind) {
    case 'ask':
      return `\n${guestProtocol} ask -\n`;
    case 'seen':
      return `\n${guestProtocol} seen ${message.bootId}\n`;
    case 'welcome':
      return `\n${guestProtocol} welcome ${message.bootId} ${message.access.hostname} ${keysOf(message.access)}\n`;
  }
}

/** Refuses with `guest-access-refused` what no guest can be told: checked when it is given, not when a guest asks. */
export function checkGuestAccess(access: GuestAccess): GuestAccess {
  const refuse = (what: string, observed: string, wanted: string): never => {
    throw new HostError('guest-access-refused', `${what} is ${observed}, wanted ${wanted}`, { what, observed, wanted });
  };
  if (!hostnamePattern.test(access.hostname)) {
    refuse('the hostname', JSON.stringify(access.hostname), 'a-z, 0-9 and inner dashes, at most 63');
  }
  if (access.authorizedKeys.length === 0) refuse('the list of SSH keys', 'empty', 'at least one key');
  for (const key of access.authorizedKeys) {
    if (!publicKeyPattern.test(key))
      refuse('an SSH key', JSON.stringify(key.slice(0, 40)), 'one line: type, base64, comment');
  }
  const bytes = Buffer.byteLength(access.authorizedKeys.join('\n'));
  if (bytes > limits.authorizedKeysBytesMax) {
    refuse('the list of SSH keys', `${bytes} bytes`, `at most ${limits.authorizedKeysBytesMax}`);
  }
  return access;
}

const digestPattern = /^[0-9a-f]{64}$/;
const bootIdPattern = /^[0-9a-f-]{1,64}$/;
const hostnamePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const publicKeyPattern = /^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(?: [^\r\n\0]*)?$/;

/** SHA-256 of the file that a guest makes of these keys: what it answers once it lets in exactly them. */
export function keysDigest(authorizedKeys: readonly string[]): string {
  return createHash('sha256').update(fileOf(authorizedKeys)).digest('hex');
}

function keysOf(access: GuestAccess): string {
  return Buffer.from(fileOf(access.authorizedKeys)).toString('base64');
}

function fileOf(authorizedKeys: readonly string[]): string {
  return `${authorizedKeys.join('\n')}\n`;
}

/** A guest's own words, for a person: printable ASCII, bounded. */
function readable(base64: string): string {
  const text = Buffer.from(base64, 'base64').toString('latin1');
  return text
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 256);
}
