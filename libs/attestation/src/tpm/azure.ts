import { createHash, createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { Malformed } from '../malformed.ts';
import type { Verified } from '../verdict.ts';
import { Findings } from './findings.ts';
import type { TpmKey } from './keys.ts';
import { tpmLimits } from './limits.ts';

export interface AzureRuntimeEvidence {
  /** The runtime JSON of Azure's HCL report, byte for byte. */
  readonly runtimeData: Uint8Array;
  /** REPORT_DATA of an SNP report that has itself been verified. */
  readonly reportData: Uint8Array;
}

export interface AzureRuntimeClaims {
  readonly kind: 'azure-runtime';
  readonly runtimeSha256: string;
  readonly akSpkiSha256: string;
}

/** Verifies that the SNP report of an Azure VM names this attestation key: the first half of REPORT_DATA is the SHA-256 of the
 *  runtime data, and that holds the key as HCLAkPub. Never throws on evidence. */
export function verifyAzureRuntime(evidence: AzureRuntimeEvidence, ak: TpmKey): Verified<AzureRuntimeClaims> {
  const findings = new Findings();
  const runtimeSha256 = createHash('sha256').update(evidence.runtimeData).digest('hex');
  const bound = Buffer.from(evidence.reportData.subarray(0, 32)).toString('hex');
  findings.check('tpm-azure-runtime', runtimeSha256 === bound, runtimeSha256, bound || 'report data');
  const akSpkiSha256 = findings.parsed('tpm-azure-key', () => akOf(evidence.runtimeData));
  if (akSpkiSha256 === undefined) return findings.verdict<AzureRuntimeClaims>(undefined);
  findings.check('tpm-azure-key', akSpkiSha256 === ak.spkiSha256, akSpkiSha256, ak.spkiSha256);
  return findings.verdict({ kind: 'azure-runtime', runtimeSha256, akSpkiSha256 });
}

function akOf(runtimeData: Uint8Array): string {
  if (runtimeData.length > tpmLimits.runtimeDataBytesMax) {
    const wanted = `at most ${tpmLimits.runtimeDataBytesMax}`;
    throw new Malformed('too-large', 'runtime data', `${runtimeData.length} bytes`, wanted);
  }
  const parsed = schema.safeParse(jsonOf(runtimeData));
  const jwk = parsed.success ? parsed.data.keys.find(({ kid }) => kid === 'HCLAkPub') : undefined;
  if (jwk === undefined) throw new Malformed('unknown-form', 'runtime data', 'no key HCLAkPub', 'one, of RSA');
  try {
    const key = createPublicKey({ key: { kty: jwk.kty, n: jwk.n ?? '', e: jwk.e ?? '' }, format: 'jwk' });
    return createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest('hex');
  } catch {
    throw new Malformed('wrong-value', 'HCLAkPub', 'no public key', 'a JWK of RSA');
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Malformed('unknown-form', 'runtime data', 'no JSON', 'a JSON object');
  }
}

const schema = z.looseObject({
  keys: z
    .array(
      z.looseObject({ kid: z.string(), kty: z.literal('RSA'), n: z.string().optional(), e: z.string().optional() }),
    )
    .max(16),
});
