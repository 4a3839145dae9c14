import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { readVek, type SimulatedProcessor } from '#attestation';
import type { AttesterBus } from '#events';
import { writeFileDurably } from '#host';
import { readSmallFile } from '../host/small-file.ts';
import type { HostProcessor } from './report-service.ts';

/** The chip of this host's simulated processor: its key from the miner's directory (0600) or made there now, and the
 *  certificates that the network gives for it. Rejects with AttestationRefused on a network that has no simulated root. */
export const openSimulatedChip = async (
  minerDir: string,
  processor: SimulatedProcessor,
  bus: Pick<AttesterBus, 'ask'>,
): Promise<HostProcessor> => {
  const key = await chipKey(join(minerDir, 'simulated-chip.pem'), processor);
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const certificates = await bus.ask('chip', { publicKey: spki.toString('base64') });
  const { product, tcb } = readVek(Buffer.from(certificates.vcek, 'base64'));
  if (product === 'turin') throw new Error('the network gave a certificate for a Turin, wanted Milan or Genoa');
  const { bootloader, tee, snp, microcode } = tcb;
  return { processor, chip: { product, key, tcb: { bootloader, tee, snp, microcode } }, certificates };
};

const chipKey = async (path: string, processor: SimulatedProcessor): Promise<KeyObject> => {
  const stored = await readSmallFile(path, pemBytesMax);
  if (stored !== null) return createPrivateKey(stored);
  const key = await processor.generateChipKey();
  await writeFileDurably(path, key.export({ type: 'pkcs8', format: 'pem' }).toString());
  return key;
};

/** A P-384 key is 300 bytes of PEM. */
const pemBytesMax = 4_096;
