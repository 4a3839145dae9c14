import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Malformed } from './malformed.ts';
import { lengthPrefixed } from './transcript.ts';

/** Six ids, digests and words: some 400 characters. */
const bootSpecCharsMax = 2_048;

const guestBootSpecSchema = z.strictObject({
  version: z.literal(1),
  kind: z.literal('vm'),
  network: z.uuid().lowercase(),
  vmId: z.uuid().lowercase(),
  generation: z.int().min(1),
  bootId: z.uuid().lowercase(),
  /** Digest of the base image, `sha256:` and 64 hex digits. */
  image: z.string().regex(/^sha256:[\da-f]{64}$/, 'is sha256: and 64 hex digits'),
  /** Whether sectors of the volume carry a tag that tells when they were changed from outside. */
  integrity: z.enum(['none', 'hmac-sha256']),
});

/** What an owner's VM is started as. The orchestrator writes it; HOST_DATA of the VM is its hash. */
export type GuestBootSpec = Readonly<z.infer<typeof guestBootSpecSchema>>;

/** The canonical text (RFC 8785) of a boot spec: its members in order of their names, no space between. */
export const guestBootSpecText = (spec: GuestBootSpec): string => {
  const { bootId, generation, image, integrity, kind, network, version, vmId } = spec;
  return JSON.stringify({ bootId, generation, image, integrity, kind, network, version, vmId });
};

/** Reads a boot spec that a host handed over. Throws {@link Malformed} for any text but the canonical one of version 1. */
export const parseGuestBootSpec = (text: string): GuestBootSpec => {
  const what = 'the boot spec';
  if (text.length > bootSpecCharsMax) {
    throw new Malformed('too-large', what, `${text.length} characters`, `at most ${bootSpecCharsMax}`);
  }
  const parsed = guestBootSpecSchema.safeParse(jsonOf(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const observed = `one whose ${issue?.path.join('.') || 'form'} is wrong: ${issue?.message ?? 'no JSON'}`;
    throw new Malformed('wrong-value', what, observed, 'the members of version 1 of a VM and no other');
  }
  if (guestBootSpecText(parsed.data) === text) return parsed.data;
  throw new Malformed('unknown-form', what, 'written in another order or with spaces', 'canonical JSON');
};

/** The verified base image, as a guest's kernel is told of it. */
export interface GuestBase {
  /** Root hash of the dm-verity tree, lower-case hex. */
  readonly rootHash: string;
  /** Lower-case hex; empty for a tree without salt. */
  readonly salt: string;
  readonly dataBlocks: number;
}

/**
 * The kernel's command line of an owner's VM, without what a machine's emulation adds behind it. It is measured, so that the
 * network, its key and the base image are the guest's own knowledge and nobody's word. Refuses, by throwing TypeError, parts
 * that would not be read back as they were given.
 */
export const guestCommandLine = (of: {
  readonly networkId: string;
  readonly kind: 'simulated' | 'production';
  /** The network's Ed25519 public key, 32 raw bytes. */
  readonly networkKey: Uint8Array;
  readonly base: GuestBase;
}): string => {
  const { networkId, kind, networkKey, base } = of;
  demand(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(networkId), 'network id', networkId, 'a lower-case UUID');
  demand(networkKey.length === 32, 'network key', `${networkKey.length} bytes`, '32 bytes');
  demand(/^[\da-f]{64}$/.test(base.rootHash), 'root hash', base.rootHash, '64 hex digits');
  demand(/^(?:[\da-f]{2}){0,64}$/.test(base.salt), 'salt', base.salt, 'hex of at most 64 bytes');
  demand(
    Number.isSafeInteger(base.dataBlocks) && base.dataBlocks > 0,
    'data blocks',
    `${base.dataBlocks}`,
    '1 or more',
  );
  return [
    'console=ttyS0 quiet panic=-1 net.ifnames=0 systemd.import_credentials=no',
    `hcc.network=${networkId} hcc.kind=${kind} hcc.key=${Buffer.from(networkKey).toString('hex')}`,
    `hcc.base=${base.rootHash}:${base.salt}:${base.dataBlocks}`,
  ].join(' ');
};

/** What a guest found in its opened volume, and binds before it goes on. */
export interface GuestBootFacts {
  /** `ssh-ed25519 AAAA…`, made inside. */
  readonly sshHostKey: string;
  /** SHA-256 (lower-case hex) of the LUKS2 header the volume was opened with. */
  readonly headerSha256: string;
  /** The boot counter as it is in the volume now. */
  readonly counter: number;
}

/** What the report of purpose `ssh-host-key` binds (32 bytes). Refuses, by throwing TypeError, a digest that is none. */
export const bootBinding = ({ sshHostKey, headerSha256, counter }: GuestBootFacts): Uint8Array => {
  demand(/^[\da-f]{64}$/.test(headerSha256), 'header digest', headerSha256, '64 hex digits');
  demand(Number.isSafeInteger(counter) && counter >= 0, 'boot counter', `${counter}`, 'a whole number');
  return createHash('sha256')
    .update(lengthPrefixed('hcc-boot-v1', sshHostKey, Buffer.from(headerSha256, 'hex'), String(counter)))
    .digest();
};

const demand = (good: boolean, what: string, observed: string, wanted: string): void => {
  if (!good) throw new TypeError(`${what} is ${observed.slice(0, 120)}; wanted ${wanted}`);
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
