import type { SimulatedProduct } from '#attestation';
import { objectIdentifier, sequence, set, utf8String } from './der-writer.ts';

/** Products as AMD writes them in its names and in the certificates of its chips. */
const productNames: Readonly<Record<SimulatedProduct, string>> = { milan: 'Milan', genoa: 'Genoa' };

/**
 * Common names. The root's says what it is; those below it are AMD's, because a verifier that is strict about them must not be
 * less so for a simulation. Every name of ours says it once more, see {@link distinguishedName}.
 */
export const commonNames = {
  ark: (product: SimulatedProduct): string => `SIMULATED-ARK-${productNames[product]}`,
  ask: (product: SimulatedProduct): string => `SEV-${productNames[product]}`,
  vcek: 'SEV-VCEK',
} as const;

/** What a VCEK's extension `productName` holds. */
export const productNameOf = (product: SimulatedProduct): string =>
  product === 'milan' ? 'Milan-B0' : productNames[product];

/** A distinguished name: who made it, and the common name. */
export const distinguishedName = (organisationalUnit: string, commonName: string): Uint8Array =>
  sequence(
    attribute('2.5.4.11', organisationalUnit),
    attribute('2.5.4.10', 'SIMULATED secure processor that protects nothing'),
    attribute('2.5.4.3', commonName),
  );

const attribute = (type: string, value: string): Uint8Array => set(sequence(objectIdentifier(type), utf8String(value)));
