import { createHash, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import type { SimulatedRevocationTerms, SimulatedRoot, SimulatedVcekTerms } from '#attestation';
import { extension, writeCertificate, writeRevocationList } from './certificate.ts';
import { ia5String, natural } from './der-writer.ts';
import { commonNames, distinguishedName, productNameOf } from './names.ts';
import { serials, spkiOf } from './root.ts';

const amd = '1.3.6.1.4.1.3704.1';

/** What a chip calls itself: SHA-512 of its public key. */
export const chipIdOf = (spki: Uint8Array): Uint8Array => createHash('sha512').update(spki).digest();

/** A chip's certificate, with AMD's extensions: product, security versions, the chip it is for. */
export const issueVcek = (root: SimulatedRoot, of: SimulatedVcekTerms): Uint8Array => {
  const spki = p384Spki(of.publicKeySpki);
  const { bootloader, tee, snp, microcode } = of.tcb;
  const { product, network } = root;
  return writeCertificate(
    {
      // AMD gives every VCEK the serial number 0.
      ...{ serial: 0, issuer: distinguishedName(network, commonNames.ask(product)) },
      subject: distinguishedName(network, commonNames.vcek),
      ...{ notBeforeMs: of.notBeforeMs, notAfterMs: of.notAfterMs, publicKeySpki: spki },
      extensions: [
        extension(`${amd}.1`, natural(0)),
        extension(`${amd}.2`, ia5String(productNameOf(product))),
        extension(`${amd}.3.1`, natural(bootloader)),
        extension(`${amd}.3.2`, natural(tee)),
        ...[4, 5, 6, 7].map((part) => extension(`${amd}.3.${part}`, natural(0))),
        extension(`${amd}.3.3`, natural(snp)),
        extension(`${amd}.3.8`, natural(microcode)),
        extension(`${amd}.4`, chipIdOf(spki)),
      ],
    },
    root.keys.ask,
  );
};

/** What the root has taken back: nothing, or its intermediate. */
export const issueRevocationList = (root: SimulatedRoot, of: SimulatedRevocationTerms): Uint8Array =>
  writeRevocationList(
    {
      issuer: distinguishedName(root.network, commonNames.ark(root.product)),
      issuerSpki: spkiOf(root.keys.ark),
      ...{ thisUpdateMs: of.thisUpdateMs, nextUpdateMs: of.nextUpdateMs },
      revokedSerials: of.revokesAsk ? [serials.ask] : [],
      number: Math.floor(of.thisUpdateMs / 1000),
    },
    root.keys.ark,
  );

/** A key on P-384 for a new chip. */
export const generateChipKey = (): Promise<KeyObject> =>
  new Promise((resolve, reject) => {
    generateKeyPair('ec', { namedCurve: 'secp384r1' }, (error, _publicKey, privateKey) => {
      if (error === null) resolve(privateKey);
      else reject(error);
    });
  });

/** The key as it is written again by us, so that a miner's odd encoding does not get into a certificate. */
const p384Spki = (given: Uint8Array): Uint8Array => {
  const key = createPublicKey({ key: Buffer.from(given), format: 'der', type: 'spki' });
  if (key.asymmetricKeyDetails?.namedCurve !== 'secp384r1') {
    throw new TypeError(
      `a chip's key is on P-384, not ${key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType}`,
    );
  }
  return key.export({ type: 'spki', format: 'der' });
};
