import { createPublicKey, type KeyObject } from 'node:crypto';
import { loadSimulatedProcessor } from '#adapters/processor';
import {
  type SimulatedProcessor,
  type SimulatedReportTerms,
  type SimulatedRoot,
  type SnpEvidence,
  type TrustRoots,
  trustRootOf,
} from '#attestation';

export const evidenceAtMs = Date.UTC(2026, 5, 1);
const tcb = { bootloader: 10, tee: 0, snp: 24, microcode: 219 };
const dates = { notBeforeMs: Date.UTC(2026, 0, 1), notAfterMs: Date.UTC(2033, 0, 1) };
const lists = { thisUpdateMs: Date.UTC(2026, 4, 1), nextUpdateMs: Date.UTC(2026, 6, 1) };

/** A chip of a simulated network with all that vouches for it, made by the network's own processor. */
export interface SnpBench {
  readonly processor: SimulatedProcessor;
  readonly root: SimulatedRoot;
  readonly roots: TrustRoots;
  readonly chipKey: KeyObject;
  /** With a list that revokes nothing, in force at {@link evidenceAtMs}. */
  readonly evidence: SnpEvidence;
  readonly revoking: Uint8Array;
  readonly report: (of?: Partial<SimulatedReportTerms>) => Uint8Array;
}

/** Evidence of a new chip under `root`, or under a root whose keys are made for it, which takes seconds. */
export const makeSnpEvidence = async (given?: SimulatedRoot): Promise<SnpBench> => {
  const processor = await loadSimulatedProcessor();
  const terms = {
    product: 'milan',
    network: 'snp evidence',
    notBeforeMs: dates.notBeforeMs,
    notAfterMs: dates.notAfterMs,
  };
  const root = given ?? processor.makeRoot(await processor.generateRootKeys(), { ...terms, product: 'milan' });
  const chipKey = await processor.generateChipKey();
  const publicKeySpki = createPublicKey(chipKey).export({ type: 'spki', format: 'der' });
  const chip = { product: root.product, key: chipKey, tcb };
  const fields = {
    ...{ reportData: new Uint8Array(64).fill(1), hostData: new Uint8Array(32).fill(2) },
    ...{ measurement: new Uint8Array(48).fill(3), reportId: new Uint8Array(32).fill(4) },
  };
  const report = (of: Partial<SimulatedReportTerms> = {}): Uint8Array =>
    processor.signReport(chip, { ...fields, ...of });
  return {
    ...{ processor, root, chipKey, report },
    roots: [trustRootOf(root.ark, { name: 'a simulated network', product: root.product, simulated: true })],
    evidence: {
      report: report(),
      vek: processor.issueVcek(root, { publicKeySpki, tcb, ...dates }),
      chain: [root.ask, root.ark],
      crl: processor.issueRevocationList(root, { ...lists, revokesAsk: false }),
    },
    revoking: processor.issueRevocationList(root, { ...lists, revokesAsk: true }),
  };
};
