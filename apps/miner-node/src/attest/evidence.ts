import { createHash } from 'node:crypto';
import type { HostEvidenceDocument } from '#attestation';
import type { AttesterBus } from '#events';
import { limits } from '../limits.ts';
import { AttestError } from './attest-error.ts';
import { inParts } from './list-parts.ts';
import type { HostMeasurements, RoundResult, RoundTerms } from './ports.ts';

/** The evidence of a round as its verifier takes it. The entries that the guest's report binds are read again, up to
 *  where the guest read; what is too long for one message goes ahead in parts. Rejects with `list-changed` when the list is no longer what the guest saw. */
export const composeEvidence = async (
  attesterId: string,
  terms: Pick<RoundTerms, 'nonce' | 'nonceExpiresAt'>,
  { evidence, quote }: RoundResult,
  { list, bus }: { readonly list: HostMeasurements['list']; readonly bus: Pick<AttesterBus, 'ask'> },
): Promise<string> => {
  const { agentVersion, bootSpec, report, certificates, ima } = evidence;
  const { attest, signature, akPublic, bank, pcrs } = quote;
  const document: HostEvidenceDocument = {
    version: 1,
    ...{ attesterId, purpose: 'host-evidence', nonce: terms.nonce, nonceExpiresAt: terms.nonceExpiresAt },
    ...{ bootSpec, agentVersion },
    snp: { report, certificates },
    tpm: { attest, signature, akPublic, bank, pcrs },
    ima: { from: ima.from, sha256: ima.sha256, ...(await sendEntries(terms, ima, list, bus)) },
  };
  return JSON.stringify(document);
};

const sendEntries = async (
  { nonce, nonceExpiresAt }: Pick<RoundTerms, 'nonce' | 'nonceExpiresAt'>,
  ima: RoundResult['evidence']['ima'],
  list: HostMeasurements['list'],
  bus: Pick<AttesterBus, 'ask'>,
): Promise<{ readonly entries: string } | { readonly parts: number }> => {
  const size = ima.bytes <= limits.imaInlineBytesMax ? limits.imaInlineBytesMax : limits.imaPartBytesMax;
  const hash = createHash('sha256');
  const held: string[] = [];
  let parts = 0;
  for await (const { bytes } of inParts(upTo(list(ima.from), ima.bytes), size)) {
    hash.update(bytes);
    const text = bytes.toString('base64');
    if (ima.bytes <= limits.imaInlineBytesMax) held.push(text);
    else await bus.ask('ima', { nonce, nonceExpiresAt, index: parts, bytes: text });
    parts += 1;
  }
  const observed = hash.digest('hex');
  if (observed !== ima.sha256) {
    const message = `the measurement list from entry ${ima.from} is ${observed}, wanted ${ima.sha256} as HCCAM saw it: something rewrites it`;
    throw new AttestError('list-changed', message);
  }
  return ima.bytes <= limits.imaInlineBytesMax ? { entries: held.join('') } : { parts };
};

/** The first `count` bytes of a list, which may have grown since. */
async function* upTo(list: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of list) {
    if (left <= 0) return;
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.length);
  }
}
