import type { SimulatedProcessor, SimulatedRoot, SimulatedTcb } from '#attestation';
import { AttestationRefused, type ChipCertificates, type ChipRequest, type Clock } from '#events';
import { chipCertificateMs } from '../limits.ts';

/** The simulated root of a network, and who can use it. */
export type SimulatedIssuer = { readonly processor: SimulatedProcessor; readonly root: SimulatedRoot };

/** What every simulated chip says of its firmware: above the floors of the standard policy. */
const tcb: SimulatedTcb = { bootloader: 10, tee: 0, snp: 24, microcode: 84 };

/**
 * Gives a miner's simulated processor its certificate: the simulated counterpart of a chip that left the factory with one.
 * Refused by name on a network that has no simulated root.
 */
export const createChipIssuer =
  (issuer: SimulatedIssuer | null, clock: Pick<Clock, 'now'>) =>
  async ({ publicKey }: ChipRequest): Promise<ChipCertificates> => {
    if (issuer === null) {
      throw new AttestationRefused(
        'no-simulated-chips',
        'this network takes reports of AMD’s processors only; nothing here certifies a simulated one',
        null,
      );
    }
    const { processor, root } = issuer;
    const notBeforeMs = clock.now() - dayMs;
    const vcek = issued(() =>
      processor.issueVcek(root, {
        ...{ publicKeySpki: Buffer.from(publicKey, 'base64'), tcb, notBeforeMs },
        notAfterMs: notBeforeMs + chipCertificateMs,
      }),
    );
    const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');
    return { vcek: base64(vcek), ask: base64(root.ask), ark: base64(root.ark) };
  };

/** A clock that is a little behind ours must not find its own certificate in the future. */
const dayMs = 24 * 3_600_000;

const issued = <Result>(issue: () => Result): Result => {
  try {
    return issue();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AttestationRefused('chip-key-malformed', `no certificate for this key: ${reason}`, null);
  }
};
