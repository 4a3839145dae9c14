import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto';
import type { SimulatedProduct, SimulatedRoot, SimulatedRootKeys, SimulatedRootTerms } from '#attestation';
import { authorityExtensions, writeCertificate } from './certificate.ts';
import { commonNames, distinguishedName } from './names.ts';

/** Serial numbers as AMD gives them: the root, then its intermediate. */
export const serials = { ark: 0x10000, ask: 0x10001 } as const;

/** Two RSA keys of 4096 bits, made off the event loop. Takes seconds. */
export const generateRootKeys = async (): Promise<SimulatedRootKeys> => {
  const [ark, ask] = await Promise.all([rsaKey(), rsaKey()]);
  return { ark, ask };
};

/** The two authorities of one network's simulated chips: a self-signed ARK, and the ASK that it signed. */
export const makeRoot = (keys: SimulatedRootKeys, of: SimulatedRootTerms): SimulatedRoot => {
  const { product, network, notBeforeMs, notAfterMs } = of;
  const arkName = distinguishedName(network, commonNames.ark(product));
  const arkSpki = spkiOf(keys.ark);
  const askSpki = spkiOf(keys.ask);
  const terms = { issuer: arkName, notBeforeMs, notAfterMs };
  const ark = writeCertificate(
    {
      ...{ ...terms, serial: serials.ark, subject: arkName, publicKeySpki: arkSpki },
      extensions: authorityExtensions({ spki: arkSpki, issuerSpki: arkSpki, signsLists: true, pathLength: null }),
    },
    keys.ark,
  );
  const ask = writeCertificate(
    {
      ...{ ...terms, serial: serials.ask, publicKeySpki: askSpki },
      subject: distinguishedName(network, commonNames.ask(product)),
      extensions: authorityExtensions({ spki: askSpki, issuerSpki: arkSpki, signsLists: false, pathLength: 0 }),
    },
    keys.ark,
  );
  return { product, network, keys, ark, ask };
};

/** PEM: ARK, ASK, the ARK's key, the ASK's key. Whoever holds this text is the processor of every chip of its network. */
export const writeRoot = (root: SimulatedRoot): string =>
  [
    `SIMULATED secure processor: ${root.product}, ${JSON.stringify(root.network)}\n`,
    new X509Certificate(root.ark).toString(),
    new X509Certificate(root.ask).toString(),
    pemOf(root.keys.ark),
    pemOf(root.keys.ask),
  ].join('');

/** Reads what {@link writeRoot} wrote. Throws for anything else, and for keys that are not those of the certificates. */
export const readRoot = (text: string): SimulatedRoot => {
  const [, product, quoted = ''] = /^SIMULATED secure processor: (milan|genoa), ("[^\n]*")\n/.exec(text) ?? [];
  const [ark, ask, ...moreCertificates] = text.match(certificatePem) ?? [];
  const [arkKey, askKey, ...moreKeys] = text.match(keyPem) ?? [];
  if (!isProduct(product) || ark === undefined || ask === undefined || arkKey === undefined || askKey === undefined) {
    throw new TypeError('no simulated root: it begins with its product, then two certificates and their private keys');
  }
  if (moreCertificates.length + moreKeys.length > 0)
    throw new TypeError('a simulated root has two certificates and two keys');
  const keys = { ark: createPrivateKey(arkKey), ask: createPrivateKey(askKey) };
  const certificates = { ark: new X509Certificate(ark), ask: new X509Certificate(ask) };
  for (const name of ['ark', 'ask'] as const) {
    if (!certificates[name].checkPrivateKey(keys[name])) {
      throw new TypeError(`the private key of the simulated ${name.toUpperCase()} is not that of its certificate`);
    }
  }
  const network: unknown = JSON.parse(quoted);
  if (typeof network !== 'string') throw new TypeError('a simulated root names its network');
  return { product, network, keys, ark: certificates.ark.raw, ask: certificates.ask.raw };
};

/** SubjectPublicKeyInfo of a key's public half. */
export const spkiOf = (key: KeyObject): Uint8Array => createPublicKey(key).export({ type: 'spki', format: 'der' });

const certificatePem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const keyPem = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g;

const isProduct = (name: string | undefined): name is SimulatedProduct => name === 'milan' || name === 'genoa';

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

const rsaKey = (): Promise<KeyObject> =>
  new Promise((resolve, reject) => {
    generateKeyPair('rsa', { modulusLength: 4096 }, (error, _publicKey, privateKey) => {
      if (error === null) resolve(privateKey);
      else reject(error);
    });
  });
