import type { Findings } from './findings.ts';
import type { TpmKey } from './keys.ts';
import type { TpmPublic } from './public-area.ts';

/**
 * Whether a key may vouch for anything. An unrestricted key signs whatever its owner likes, also a structure that looks like a
 * quote; one that was not made inside this TPM may have copies outside.
 */
export function checkAkAttributes(findings: Findings, ak: TpmKey, policy: 'required' | 'unchecked'): void {
  findings.check(
    'tpm-ak-strength',
    ak.kind !== 'unsupported',
    ak.kind,
    'RSA of 2048, 3072 or 4096 bits, P-256 or P-384',
  );
  if (policy === 'unchecked') {
    findings.unchecked(
      'tpm-ak-attributes',
      ak.area === undefined ? 'the key came as SPKI, without attributes' : 'present',
    );
    return;
  }
  if (ak.area === undefined) {
    findings.check('tpm-ak-attributes', false, 'an SPKI, which says nothing of them', wantedAttributes);
    return;
  }
  const wrong = wrongWith(ak.area);
  findings.check('tpm-ak-attributes', wrong === '', wrong || 'all as wanted', wantedAttributes);
}

/** What is wrong with a key, or nothing. An area is read once for many quotes, and so is this. */
function wrongWith(area: TpmPublic): string {
  const known = wrongOf.get(area);
  if (known !== undefined) return known;
  const { attributes, symmetric, scheme } = area;
  const wrong: string[] = [];
  for (const name of needed) if (!attributes[name]) wrong.push(`not ${name}`);
  if (attributes.decrypt) wrong.push('decrypt');
  if (symmetric !== undefined) wrong.push('a cipher');
  if (scheme === undefined) wrong.push('no signing scheme');
  const said = wrong.join(', ');
  wrongOf.set(area, said);
  return said;
}

const wrongOf = new WeakMap<TpmPublic, string>();

const needed = ['restricted', 'sign', 'fixedTpm', 'fixedParent', 'sensitiveDataOrigin'] as const;
const wantedAttributes =
  'restricted, sign, not decrypt, fixedTPM, fixedParent, sensitiveDataOrigin, a signing scheme and no cipher';
