import { quotedPcrs } from '#guest-channel';
import type { HostTpm } from '#host';
import { akKind } from './enrolment.ts';
import type { HostMeasurements } from './ports.ts';

/** What a guest is given of this host: quotes by its TPM, and its measurement list. The list is read after the quote
 *  was made, so that it holds all that was quoted. */
export const createMeasurements = (
  tpm: Pick<HostTpm, 'quote' | 'attestationKey'>,
  list: HostMeasurements['list'],
): HostMeasurements => ({
  quote: async (qualifyingData) => {
    const { publicArea } = await tpm.attestationKey(akKind);
    const { attest, signature, pcrs } = await tpm.quote(akKind, qualifyingData, {
      bank: 'sha256',
      indices: quotedPcrs,
    });
    return {
      attest: base64(attest),
      signature: base64(signature),
      akPublic: base64(publicArea),
      bank: 'sha256',
      pcrs: Object.fromEntries(pcrs.map(({ index, value }) => [String(index), value])),
    };
  },
  list,
});

const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');
