import { X509Certificate } from 'node:crypto';
import { distinguishedName } from './names.ts';

/** The subject of a certificate of ours, and the network it was made for. */
export const subjectOf = (certificate: Uint8Array): { readonly raw: Uint8Array; readonly unit: string } => {
  const { subject } = new X509Certificate(certificate);
  const unit = /^OU=(.+)$/m.exec(subject)?.[1];
  const commonName = /^CN=(.+)$/m.exec(subject)?.[1];
  if (unit === undefined || commonName === undefined)
    throw new TypeError('this certificate is not of a simulated root');
  return { raw: distinguishedName(unit, commonName), unit };
};
