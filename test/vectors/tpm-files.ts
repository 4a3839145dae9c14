import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import {
  certificatesOf,
  Malformed,
  readTpmCertificate,
  readTpmKey,
  type TpmKey,
  type TpmQuotePolicy,
} from '#attestation';
import { CaseFileError, readCaseFile } from './case.ts';

/**
 * The public key of a row: TPM2B_PUBLIC, TPMT_PUBLIC, SubjectPublicKeyInfo, or PEM of the last. What it is judged with is no
 * evidence: one that cannot be read throws {@link CaseFileError}, else a row that expects `invalid` would agree unlooked at.
 */
export const readKeyFile = async (dir: string, name: string): Promise<TpmKey> => {
  const bytes = await readCaseFile(dir, name);
  return legible(name, () => readTpmKey(isPem(bytes) ? spkiOf(name, bytes) : bytes));
};

/** The private half of a software TPM's key, in PEM. Throws {@link CaseFileError} for one that cannot be read. */
export const readPrivateKeyFile = async (dir: string, name: string): Promise<KeyObject> => {
  const pem = Buffer.from(await readCaseFile(dir, name));
  try {
    return createPrivateKey(pem);
  } catch {
    throw new CaseFileError(`${name} is no private key in PEM`);
  }
};

/** DER of the trusted certificates of a row, out of DER or PEM. Throws {@link CaseFileError} for what is no certificate. */
export const readRootFile = async (dir: string, name: string): Promise<readonly Uint8Array[]> => {
  const bytes = await readCaseFile(dir, name);
  return legible(name, () => {
    const roots = certificatesOf(bytes);
    for (const root of roots) readTpmCertificate(root);
    return roots;
  });
};

/** DER of the certificates in a file that is evidence: bytes of no known form are handed on, for the verification to refuse. */
export const certificatesIn = (bytes: Uint8Array): readonly Uint8Array[] => {
  try {
    return certificatesOf(bytes);
  } catch (error) {
    if (error instanceof Malformed) return [bytes];
    throw error;
  }
};

/** An SPKI says nothing of attributes; where the public area is there, they are held against what an AK must be. */
export const akAttributesOf = (ak: TpmKey): TpmQuotePolicy['akAttributes'] =>
  ak.area === undefined ? 'unchecked' : 'required';

const isPem = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(0, 11)).toString('latin1') === '-----BEGIN ';

const spkiOf = (name: string, pem: Uint8Array): Uint8Array => {
  try {
    return createPublicKey(Buffer.from(pem)).export({ type: 'spki', format: 'der' });
  } catch {
    throw new CaseFileError(`${name} is PEM without a public key`);
  }
};

const legible = <T>(name: string, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) throw new CaseFileError(`${name}: ${error.message}`);
    throw error;
  }
};
