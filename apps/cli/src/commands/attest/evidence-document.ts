import { createHash } from 'node:crypto';
import { type GuestEvidence, parseGuestEvidence } from '#attestation';
import { isoTime } from '#events';
import type { Fields } from './fields.ts';
import { snpFields } from './snp-fields.ts';

/** The fields of an owner's VM's evidence, as it was sent and kept; null for bytes that are none. */
export const guestEvidenceFields = (bytes: Buffer): Fields | null => {
  const read = parseGuestEvidence(bytes);
  return 'refusal' in read ? null : [...ownFields(read.value), ...reportFields(read.value)];
};

/** What a guest says of itself, before anybody has held it against its report. */
export const ownFields = (evidence: GuestEvidence): Fields => {
  const { attesterId, purpose, nonce, nonceExpiresAt, bootSpec, agentVersion, generation, bootId } = evidence;
  return [
    ['VM', attesterId],
    ['purpose', purpose],
    ['generation', `${generation}`],
    ['boot', bootId],
    ['boot spec', bootSpec],
    ['agent', agentVersion],
    ['nonce', hex(nonce)],
    ['nonce open until', isoTime(nonceExpiresAt)],
    ...bindingFields(evidence),
  ];
};

const bindingFields = (evidence: GuestEvidence): Fields => {
  if (evidence.purpose === 'vm-key') {
    const { key, suite } = evidence;
    return [['guest key', `${key.length} bytes of ${suite}, SHA-256 ${sha256(key)}`]];
  }
  const { sshHostKey, headerSha256, counter } = evidence.boot;
  return [
    ['SSH host key', sshHostKey],
    ['volume header', headerSha256],
    ['boot counter', `${counter}`],
  ];
};

/** Of the report inside, what ties it to the rest; `hcc attest verify guest` says whether it does. */
const reportFields = ({ snp: { report, certificates } }: GuestEvidence): Fields => {
  const wanted = new Set(['version', 'processor', 'measurement', 'host data', 'report data', 'chip id']);
  const shown = snpFields(report).filter(([name]) => wanted.has(name));
  return [
    ...shown.map(([name, value]) => [`report: ${name}`, value] as const),
    ['certificates', certificates === null ? 'none with it' : 'VEK, ASK and ARK with it'],
  ];
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
