import { hash } from 'node:crypto';
import { type Certificate, readCertificate } from '../der/certificate.ts';
import type { Extension } from '../der/extensions.ts';
import { DerReader } from '../der/reader.ts';
import { Malformed } from '../malformed.ts';
import { hexOf } from './check.ts';
import type { SnpProduct, SnpTcb } from './claims.ts';
import { amdNames, productOfName } from './product.ts';

/** A certificate of the key that signs reports: of a chip (VCEK), or of a provider's fleet (VLEK). */
export interface VekCertificate {
  readonly certificate: Certificate;
  readonly sha256: string;
  readonly kind: 'vcek' | 'vlek';
  readonly product: SnpProduct;
  readonly productName: string;
  /** The firmware the key was derived for. */
  readonly tcb: SnpTcb;
  /** 64 bytes, 8 on Turin. `null` in a VLEK; in a VCEK that is a certificate to refuse. */
  readonly hwId: Uint8Array | null;
  /** The provider of a VLEK. */
  readonly cspId: string | null;
}

const arc = '1.3.6.1.4.1.3704.1';
const ids = { structVersion: `${arc}.1`, productName: `${arc}.2`, hwId: `${arc}.4`, cspId: `${arc}.5` } as const;
const spl = (n: number): string => `${arc}.3.${n}`;
const parts = { bootloader: spl(1), tee: spl(2), snp: spl(3), microcode: spl(8), fmc: spl(9) } as const;
/** Parts without a meaning so far; Turin leaves the first one out. */
const reservedParts = [4, 5, 6, 7].map(spl);
const subjects = { 'SEV-VCEK': 'vcek', 'SEV-VLEK': 'vlek' } as const;
const hwIdBytes: Readonly<Record<SnpProduct, number>> = { milan: 64, genoa: 64, turin: 8 };

/** What a VEK certificate says, not yet trusted. Refuses a subject, product or extension that AMD's specification of VCEK and VLEK certificates (publication 57230) does not have. */
export const readVek = (bytes: Uint8Array): VekCertificate => {
  const certificate = readCertificate(bytes, 'VEK certificate');
  const { commonName } = certificate.subject;
  if (commonName !== 'SEV-VCEK' && commonName !== 'SEV-VLEK') {
    throw new Malformed('wrong-value', 'VEK certificate.subject', `${commonName}`, 'SEV-VCEK or SEV-VLEK');
  }
  const kind = subjects[commonName];
  const productName = reader(certificate, ids.productName, 'productName', (from) => from.string('name'));
  const product = productOfName(productName);
  if (product === null) {
    const known = Object.values(amdNames).join(', ');
    throw new Malformed('wrong-value', 'VEK certificate.productName', productName, known);
  }
  return {
    ...{ certificate, kind, product, productName },
    sha256: hash('sha256', bytes, 'hex'),
    tcb: tcbOf(certificate, product),
    hwId: kind === 'vcek' ? hwIdOf(certificate, product) : none(certificate, ids.hwId, 'hwID'),
    cspId: kind === 'vlek' ? cspIdOf(certificate) : none(certificate, ids.cspId, 'csp_id'),
  };
};

const tcbOf = (certificate: Certificate, product: SnpProduct): SnpTcb => {
  const layout = natural(certificate, ids.structVersion, 'structVersion');
  const wanted = product === 'turin' ? 1 : 0;
  if (layout !== wanted) {
    throw new Malformed('wrong-value', 'VEK certificate.structVersion', `${layout}`, `${wanted} on ${product}`);
  }
  for (const id of reservedParts) {
    const value = certificate.extensions.has(id) ? natural(certificate, id, 'spl4 to spl7') : 0;
    if (value !== 0) throw new Malformed('wrong-value', `VEK certificate.${id}`, `${value}`, '0');
  }
  return {
    fmc: product === 'turin' ? natural(certificate, parts.fmc, 'fmcSPL') : none(certificate, parts.fmc, 'fmcSPL'),
    bootloader: natural(certificate, parts.bootloader, 'blSPL'),
    tee: natural(certificate, parts.tee, 'teeSPL'),
    snp: natural(certificate, parts.snp, 'snpSPL'),
    microcode: natural(certificate, parts.microcode, 'ucodeSPL'),
  };
};

/** AMD's certificates have the bare bytes; a newer form wraps them in an OCTET STRING. The length says which it is. */
const hwIdOf = (certificate: Certificate, product: SnpProduct): Uint8Array | null => {
  const value = certificate.extensions.get(ids.hwId)?.value;
  if (value === undefined) return null;
  const wanted = hwIdBytes[product];
  if (value.length === wanted) return value;
  if (value.length === wanted + 2 && value[0] === 0x04 && value[1] === wanted) return value.subarray(2);
  throw new Malformed('wrong-value', 'VEK certificate.hwID', `${value.length} bytes`, `${wanted} bytes on ${product}`);
};

/** The provider's name. AMD's specification has an IA5 string here; a VLEK that binds it to no provider is refused. */
const cspIdOf = (certificate: Certificate): string => {
  const cspId = reader(certificate, ids.cspId, 'csp_id', (from) => from.string('name'));
  if (cspId === '') throw new Malformed('wrong-value', 'VEK certificate.csp_id', 'nothing', 'the name of a provider');
  return cspId;
};

const natural = (certificate: Certificate, id: string, name: string): number => {
  const value = reader(certificate, id, name, (from) => from.natural('value'));
  if (value > 255) throw new Malformed('wrong-value', `VEK certificate.${name}`, `${value}`, '0 to 255');
  return value;
};

const reader = <T>(certificate: Certificate, id: string, name: string, read: (from: DerReader) => T): T => {
  const from = new DerReader(extension(certificate, id, name).value, `VEK certificate.${name}`);
  const value = read(from);
  from.end();
  return value;
};

const extension = (certificate: Certificate, id: string, name: string): Extension => {
  const found = certificate.extensions.get(id);
  if (found === undefined) throw new Malformed('wrong-value', `VEK certificate.${name}`, 'absent', `extension ${id}`);
  return found;
};

const none = (certificate: Certificate, id: string, name: string): null => {
  const found = certificate.extensions.get(id);
  if (found !== undefined) {
    throw new Malformed('wrong-value', `VEK certificate.${name}`, hexOf(found.value), `no ${name} in this kind`);
  }
  return null;
};

/** Extensions that are read here: another one that is marked critical is refused. */
export const isVekExtension = (id: string): boolean => id.startsWith(`${arc}.`);
