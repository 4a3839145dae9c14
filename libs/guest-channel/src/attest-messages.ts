import { z } from 'zod';
import { base64, bundleFile, certificates, code, exchange, launchDigest, sha256Hex, version, words } from './fields.ts';
import { limits } from './limits.ts';
import { parse } from './read-message.ts';

/** The virtio-serial port between the guest agent and the miner's agent. */
export const attestPortName = 'hcc.attest';

/** PCRs 0 to 10 of the host's TPM, the ones a quote is asked over. */
export const quotedPcrs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;

const pcrs = z.record(z.string().regex(/^(?:[0-9]|10)$/), sha256Hex);

const quote = z.strictObject({
  attest: base64(limits.attestBytesMax),
  signature: base64(limits.attestBytesMax),
  akPublic: base64(limits.attestBytesMax),
  bank: z.literal('sha256'),
  pcrs,
});

const hostMessage = z.discriminatedUnion('type', [
  z.strictObject({ version, type: z.literal('boot'), bootSpec: z.string().min(2).max(limits.bootSpecBytesMax) }),
  z.strictObject({
    version,
    type: z.literal('attest'),
    exchange,
    nonce: base64(64),
    nonceExpiresAt: z.int().nonnegative(),
    /** The release the miner's program says it is; which files that means, the verifier knows. */
    agentVersion: z.string().min(1).max(64),
    /** The next entry of the measurement list that the verifier does not have. */
    imaFrom: z.int().nonnegative(),
    bundle: z.array(bundleFile).min(1).max(limits.bundleFilesMax),
    /** The launch digest the verifier takes, when its challenge said one. */
    launchDigest: launchDigest.nullable(),
  }),
  z.strictObject({ version, type: z.literal('quote'), exchange, quote }),
  z.strictObject({
    version,
    type: z.literal('ima'),
    exchange,
    from: z.int().nonnegative(),
    part: z.int().nonnegative().max(limits.listPartsMax),
    bytes: base64(limits.listPartBytesMax),
    isLast: z.boolean(),
  }),
  z.strictObject({ version, type: z.literal('failed'), exchange, code, words }),
]);

const evidence = z.strictObject({
  agentVersion: z.string().min(1).max(64),
  bootSpec: z.string().min(2).max(limits.bootSpecBytesMax),
  report: base64(limits.reportBytesMax),
  certificates: certificates.nullable(),
  ima: z.strictObject({ from: z.int().nonnegative(), sha256: sha256Hex, bytes: z.int().nonnegative() }),
});

const guestMessage = z.discriminatedUnion('type', [
  z.strictObject({ version, type: z.literal('hello'), agentVersion: z.string().min(1).max(64) }),
  z.strictObject({
    version,
    type: z.literal('ready'),
    provider: z.enum(['configfs-tsm', 'simulated']),
    launchDigest,
  }),
  z.strictObject({
    version,
    type: z.literal('need-quote'),
    exchange,
    qualifyingData: base64(64),
    bank: z.literal('sha256'),
    pcrs: z.array(z.int().min(0).max(23)).min(1).max(24).readonly(),
  }),
  z.strictObject({ version, type: z.literal('need-ima'), exchange, from: z.int().nonnegative() }),
  z.strictObject({ version, type: z.literal('evidence'), exchange, evidence }),
  /** This round failed; the next one may not. */
  z.strictObject({ version, type: z.literal('refused'), exchange, code, words }),
  /** The guest's last words: it ends now. */
  z.strictObject({ version, type: z.literal('stopped'), code, words }),
]);

/** What the host says to the guest agent. */
export type HostMessage = z.infer<typeof hostMessage>;
/** What the guest agent says to its host. */
export type GuestMessage = z.infer<typeof guestMessage>;
export type HostQuote = z.infer<typeof quote>;
export type GuestEvidence = z.infer<typeof evidence>;

/** A frame of the host, or ChannelError `message-unknown`, which names the field that is wrong. */
export const parseHostMessage = (frame: unknown): HostMessage => parse(hostMessage, frame, 'the host');

/** A frame of the guest, or ChannelError `message-unknown`, which names the field that is wrong. */
export const parseGuestMessage = (frame: unknown): GuestMessage => parse(guestMessage, frame, 'the guest');
