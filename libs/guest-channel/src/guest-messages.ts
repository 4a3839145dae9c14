import { z } from 'zod';
import { code, exchange, version, words } from './fields.ts';
import { limits } from './limits.ts';
import { parse } from './read-message.ts';

/** The virtio-serial port between an owner's VM and the miner's agent. */
export const guestPortName = 'hcc.guest';

/** What a guest asks the network for, in the order of a boot. */
export const guestAsks = ['challenge', 'evidence', 'release', 'confirm'] as const;

/** How far a boot has come, as the guest tells it: for a person who waits, and never believed. */
export const guestStages = ['opening', 'formatting', 'filling', 'unlocked', 'confirmed', 'pivot'] as const;

/** What the host passes on without being able to make or open it: JSON text of the network's own schemas. */
const body = z.string().min(2).max(limits.bodyCharsMax);

/** One line of an OpenSSH public key file, type and key. */
const sshHostKey = z.string().regex(/^ssh-ed25519 [A-Za-z0-9+/]{68}$/);

const hostMessage = z.discriminatedUnion('type', [
  z.strictObject({ version, type: z.literal('boot'), bootSpec: z.string().min(2).max(limits.bootSpecBytesMax) }),
  z.strictObject({ version, type: z.literal('answer'), exchange, body }),
  z.strictObject({
    version,
    type: z.literal('refused'),
    exchange,
    code,
    words,
    /** When to ask again; null where asking again is of no use. */
    retryInMs: z.int().nonnegative().max(limits.retryMsMax).nullable(),
  }),
  z.strictObject({ version, type: z.literal('access'), envelope: body }),
]);

const guestMessage = z.discriminatedUnion('type', [
  z.strictObject({ version, type: z.literal('hello'), agentVersion: z.string().min(1).max(64) }),
  z.strictObject({ version, type: z.literal('ask'), exchange, what: z.enum(guestAsks), body }),
  z.strictObject({
    version,
    type: z.literal('stage'),
    name: z.enum(guestStages),
    /** Since this machine's kernel started. */
    atMs: z.int().nonnegative(),
  }),
  /** Log-ins work, by this host key, for the owner's keys of this version. */
  z.strictObject({ version, type: z.literal('ready'), sshHostKey, keysVersion: z.int().nonnegative() }),
  /** The guest's last words: it ends now. */
  z.strictObject({ version, type: z.literal('stopped'), code, words }),
]);

/** What the host says to an owner's VM. */
export type VmHostMessage = z.infer<typeof hostMessage>;
/** What an owner's VM says to its host. */
export type VmGuestMessage = z.infer<typeof guestMessage>;
export type GuestAsk = (typeof guestAsks)[number];
export type GuestStage = (typeof guestStages)[number];

/** A frame of the host on `hcc.guest`, or ChannelError `message-unknown`, which names the field that is wrong. */
export const parseVmHostMessage = (frame: unknown): VmHostMessage => parse(hostMessage, frame, 'the host');

/** A frame of an owner's VM on `hcc.guest`, or ChannelError `message-unknown`, which names the field that is wrong. */
export const parseVmGuestMessage = (frame: unknown): VmGuestMessage => parse(guestMessage, frame, 'the guest');
