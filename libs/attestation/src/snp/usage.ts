import type { Certificate } from '../der/certificate.ts';
import { basicConstraintsOf, extensionIds, keyUsageAllows } from '../der/extensions.ts';
import type { Check } from '../verdict.ts';
import { check, readOr } from './check.ts';
import type { SnpRefusalCode } from './refusals.ts';
import { isRsa4096 } from './signature.ts';
import { isVekExtension, type VekCertificate } from './vek.ts';

const understood: readonly string[] = [extensionIds.basicConstraints, extensionIds.keyUsage];

/** Whether a certificate may issue others, with `below` authorities under it, by an RSA key of 4096 bits. */
export const authorityCheck = (code: SnpRefusalCode, certificate: Certificate, below: number): Check => {
  const wanted = `an authority with an RSA-4096 key that may sign certificates, ${below} authorities below it`;
  const read = readOr(code, () => {
    const constraints = basicConstraintsOf(certificate.extensions);
    const critical = unknownCritical(certificate);
    if (constraints?.authority !== true) return 'no authority (basicConstraints)';
    if (constraints.pathLength !== null && constraints.pathLength < below) return `pathLen ${constraints.pathLength}`;
    if (keyUsageAllows(certificate.extensions, 'keyCertSign') !== true) return 'a key that may not sign certificates';
    if (critical !== null) return `critical extension ${critical}`;
    return isRsa4096(certificate.publicKey) ? null : 'another key than RSA-4096';
  });
  if ('failed' in read) return read.failed;
  return check(code, read.value === null, `${certificate.subject.commonName}: ${read.value ?? 'an authority'}`, wanted);
};

/** Whether a VEK certificate is one of an end and not of an authority, with nothing critical in it that is not read here. */
export const vekUsageCheck = ({ certificate }: VekCertificate): Check => {
  const code = 'snp-vek-usage';
  const read = readOr(code, () => {
    const critical = unknownCritical(certificate);
    if (basicConstraintsOf(certificate.extensions)?.authority === true) return 'an authority (basicConstraints)';
    if (keyUsageAllows(certificate.extensions, 'digitalSignature') === false) return 'a key that may not sign';
    return critical === null ? null : `critical extension ${critical}`;
  });
  if ('failed' in read) return read.failed;
  return check(
    code,
    read.value === null,
    read.value ?? 'an end',
    'no authority, a key that may sign, nothing critical unread',
  );
};

const unknownCritical = ({ extensions }: Certificate): string | null => {
  let unknown: string | null = null;
  extensions.forEach(({ critical }, id) => {
    if (critical && !understood.includes(id) && !isVekExtension(id)) unknown ??= id;
  });
  return unknown;
};
