import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { loadSimulatedProcessor } from '#adapters/processor';
import type { Clock } from '#events';
import { writeFileDurably } from '#host';
import { readSmallFile } from '../context.ts';
import type { Home } from './home.ts';

/** Where what the attestor keeps secret lies. */
export const attestorFiles = (home: Pick<Home, 'path'>) => ({
  simulatedRoot: home.path('secrets', 'simulated-root.pem'),
  verifierKey: home.path('secrets', 'verifier.key'),
  evidenceKey: home.path('secrets', 'evidence.key'),
  resultKey: home.path('secrets', 'result.key'),
  /** The public half: who relies on a result checks it with this. */
  resultPublicKey: home.path('result.pub'),
});

export type AttestationSecrets = { readonly simulatedRootSha256: string };

/** Makes the attestor's keys and the network's simulated root the first time (mode 0600). The root takes seconds: two RSA keys of 4096 bits. */
export const ensureAttestationSecrets = async (home: Home, clock: Clock): Promise<AttestationSecrets> => {
  const files = attestorFiles(home);
  await ensureFile(files.verifierKey, async () => `${randomBytes(32).toString('hex')}\n`);
  await ensureFile(files.evidenceKey, async () => `${randomBytes(32).toString('hex')}\n`);
  const resultKey = await ensureFile(files.resultKey, async () =>
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  );
  await writeFileDurably(
    files.resultPublicKey,
    createPublicKey(resultKey).export({ type: 'spki', format: 'pem' }).toString(),
  );
  const processor = await loadSimulatedProcessor();
  const root = await ensureFile(files.simulatedRoot, async () => {
    const notBeforeMs = clock.now() - dayMs;
    const terms = {
      product: 'genoa',
      network: 'local',
      notBeforeMs,
      notAfterMs: notBeforeMs + rootYears * yearMs,
    } as const;
    return processor.writeRoot(processor.makeRoot(await processor.generateRootKeys(), terms));
  });
  const { keys } = processor.readRoot(root);
  const spki = createPublicKey(keys.ark).export({ type: 'spki', format: 'der' });
  return { simulatedRootSha256: createHash('sha256').update(spki).digest('hex') };
};

const dayMs = 24 * 3_600_000;
const yearMs = 365 * dayMs;
const rootYears = 25;

const ensureFile = async (file: string, make: () => Promise<string>): Promise<string> => {
  const kept = await readSmallFile(file, secretBytesMax);
  if (kept !== null) return kept;
  const made = await make();
  await writeFileDurably(file, made);
  return made;
};

/** The root with its two keys and certificates is the largest, some 12 kB. */
const secretBytesMax = 64 * 1024;
