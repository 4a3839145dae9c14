import { createPublicKey, X509Certificate } from 'node:crypto';
import { type CompiledImaPolicy, compileImaPolicy, type ImaPolicy, imaPolicySchema } from '#attestation';
import type { Cli } from '../../cli.ts';
import { usageError } from '../../cli-error.ts';
import { readEvidence } from './files.ts';
import { parsed } from './report.ts';
import { readPolicy } from './snp-policy.ts';

export type ImaPolicyFlags = { readonly keys?: readonly string[]; readonly policy?: string };

/** The policy a person names, with the keys beside it; keys alone ask only whether signatures hold; null for neither. */
export const imaPolicyOf = async (cli: Cli, { policy, keys = [] }: ImaPolicyFlags): Promise<ImaPolicy | null> => {
  const pems = await Promise.all(
    keys.map(async (file) => pemOf(`--keys ${file}`, await readEvidence(cli, '--keys', file))),
  );
  if (policy === undefined) return pems.length === 0 ? null : keysOnly(pems);
  const named = readPolicy(policy, await readEvidence(cli, '--policy', policy), imaPolicySchema);
  if (pems.length === 0) return named;
  if (named.signatures === 'unchecked') {
    throw usageError('keys-unchecked', `--policy ${policy} asks for no signatures`, {
      wanted: 'a policy with signatures, or no --keys',
    });
  }
  return { ...named, signatures: { ...named.signatures, keys: [...named.signatures.keys, ...pems] } };
};

/** A public key as a policy has it, out of a key or a certificate, PEM or DER. */
const pemOf = (option: string, file: Buffer): string => {
  const attempts = [
    () => createPublicKey({ key: file, format: 'der', type: 'spki' }),
    () => new X509Certificate(file).publicKey,
    () => createPublicKey(file),
  ];
  for (const attempt of attempts) {
    try {
      return attempt().export({ type: 'spki', format: 'pem' }).toString();
    } catch {
      // Written in another way; the next attempt reads that.
    }
  }
  throw usageError('key-malformed', `${option} is no key`, { wanted: 'a public key or a certificate, PEM or DER' });
};

/** Files with a signature that does not hold are refused, all others are only told of. */
const keysOnly = (keys: readonly string[]): ImaPolicy => ({
  ...{ version: 1, banks: ['sha1', 'sha256', 'sha384', 'sha512'], extension: 'padded-sha1', violations: 'accept' },
  ...{ bootAggregate: 'unchecked', notYetAttestedMax: 'unchecked', order: ['reject', 'exclude', 'signature', 'allow'] },
  ...{ rejects: [], excludes: [], signatures: { keys: [...keys], bad: 'refuse' }, allow: 'unchecked' },
  ...{ unknownFiles: 'warn', keyrings: {}, buffers: 'unchecked' },
});

/** A policy with a key or a pattern that cannot be used is refused by the option it came with. */
export const compiledPolicy = ({ policy }: ImaPolicyFlags, document: ImaPolicy): CompiledImaPolicy =>
  parsed(policy === undefined ? '--keys' : `--policy ${policy}`, () => compileImaPolicy(document));
