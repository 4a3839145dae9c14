import { CipherSuite, KEM_DHKEM_X25519_HKDF_SHA256, type KeyPair } from 'hpke';
import { isClassicalSuite, type SealingSuite } from '../suites.ts';
import { aes256Gcm, hkdfSha256 } from './primitives.ts';
import { xWing } from './x-wing.ts';

/** HPKE (RFC 9180, base mode) by the name of its suite. */
export const cipherSuite = (suite: SealingSuite): CipherSuite => (isClassicalSuite(suite) ? classical : hybrid);

const classical = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, hkdfSha256, aes256Gcm);
const hybrid: CipherSuite = new CipherSuite(xWing, hkdfSha256, aes256Gcm);

export type HpkeKeyPair = KeyPair;
