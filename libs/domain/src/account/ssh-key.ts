import { Refusal } from '../errors.ts';
import { decodeBase64 } from '../values/base64.ts';
import { isPrintable } from '../values/names.ts';
import type { SshKeyType } from './events.ts';
import {
  rsaExponentBitsMax,
  rsaModulusBitsMax,
  rsaModulusBitsMin,
  sshCommentLengthMax,
  sshKeyLineLengthMax,
} from './limits.ts';
import { bitLength, createSshReader, isLowOrderPoint, isPositiveMpint, type SshReader } from './ssh-wire.ts';

export type SshPublicKey = {
  readonly keyType: SshKeyType;
  /** Type and canonical base64, one space between, no comment: what is stored and given to guests. */
  readonly publicKey: string;
  readonly comment: string;
  /** The decoded key; its SHA-256 is the fingerprint. */
  readonly blob: Uint8Array;
};

/**
 * The SSH public key on one authorized_keys line, read by content (RFC 4253 section 6.6, RFC 8709 section 4).
 * Refuses `ssh-key-malformed` (not one whole key, options, a private key), `ssh-key-unsupported` (another type, a
 * certificate) and `ssh-key-too-weak`. A private key is never echoed.
 */
export const parseSshPublicKey = (line: string): SshPublicKey => {
  const { keyType, base64, comment } = splitLine(line);
  const blob = decodeBase64(base64);
  if (blob === null) throw malformed('its second field is not canonical, padded base64; it was cut or edited');
  const reader = createSshReader(blob);
  const innerType = reader.text();
  if (innerType !== keyType) {
    const found = innerType !== null && isPrintable(innerType) ? innerType.slice(0, 40) : 'something unreadable';
    throw malformed(`it says ${keyType} in front and ${found} inside`);
  }
  if (keyType === 'ssh-ed25519') assertEd25519(reader);
  else assertRsa(reader);
  if (!reader.atEnd()) throw malformed('bytes follow the key inside its base64');
  return { keyType, publicKey: `${keyType} ${base64}`, comment, blob };
};

const splitLine = (line: string): { keyType: SshKeyType; base64: string; comment: string } => {
  if (line.slice(0, sshKeyLineLengthMax).includes('-----BEGIN')) {
    throw malformed('this is a PEM file, perhaps a private key, which nobody but you should have; send the .pub file');
  }
  const trimmed = line.replace(/\r?\n$/, '');
  if (trimmed.length > sshKeyLineLengthMax) {
    throw malformed(`it is ${line.length} characters long; at most ${sshKeyLineLengthMax} are read`);
  }
  const fields = trimmed.split(/[ \t]+/).filter((field) => field !== '');
  if (!fields.every(isPrintable)) throw malformed('it holds a line break or an unprintable character; send one line');
  const [keyType = '', base64 = '', ...words] = fields;
  assertSupported(keyType, fields);
  const comment = words.join(' ');
  if (comment.length > sshCommentLengthMax) {
    throw malformed(`its comment is ${comment.length} characters long; at most ${sshCommentLengthMax} are kept`);
  }
  return { keyType, base64, comment };
};

const KEY_TYPE = /^(ssh-|ecdsa-sha2-|sk-ssh-|sk-ecdsa-|rsa-sha2-)[a-z0-9@.-]{1,60}$/;

function assertSupported(keyType: string, fields: readonly string[]): asserts keyType is SshKeyType {
  if (keyType === 'ssh-ed25519' || keyType === 'ssh-rsa') return;
  if (keyType.includes('-cert-')) {
    throw new Refusal('ssh-key-unsupported', `${keyType.slice(0, 60)} is a certificate; send the plain public key`);
  }
  if (KEY_TYPE.test(keyType)) {
    throw new Refusal('ssh-key-unsupported', `SSH key type ${keyType} is not supported; use ssh-ed25519 or ssh-rsa`);
  }
  if (fields.slice(1).some((field) => KEY_TYPE.test(field))) {
    throw malformed('options stand before the key type; remove them, a key here opens a whole VM');
  }
  throw malformed('it does not begin with ssh-ed25519 or ssh-rsa; send the line in the .pub file');
}

const ED25519_BYTES = 32;

const assertEd25519 = (reader: SshReader): void => {
  const point = reader.bytes();
  if (point?.length !== ED25519_BYTES) {
    throw malformed(`its ssh-ed25519 key is ${point?.length ?? 'no'} bytes long; it must be ${ED25519_BYTES}`);
  }
  if (isLowOrderPoint(point)) {
    throw new Refusal('ssh-key-too-weak', 'this ssh-ed25519 key is a low-order point: anyone can sign for it');
  }
};

const assertRsa = (reader: SshReader): void => {
  const exponent = reader.bytes();
  const modulus = reader.bytes();
  if (exponent === null || modulus === null) throw malformed('its ssh-rsa key ends too early');
  if (!isPositiveMpint(exponent) || !isPositiveMpint(modulus)) {
    throw malformed('its ssh-rsa numbers are not positive integers in their shortest form (RFC 4251, mpint)');
  }
  const modulusBits = bitLength(modulus);
  if (modulusBits < rsaModulusBitsMin) {
    throw new Refusal(
      'ssh-key-too-weak',
      `this ssh-rsa key has ${modulusBits} bits; use at least ${rsaModulusBitsMin}, or better ssh-ed25519`,
      { observedBits: modulusBits, wantedBitsMin: rsaModulusBitsMin },
    );
  }
  if (modulusBits > rsaModulusBitsMax) {
    throw malformed(`its ssh-rsa modulus has ${modulusBits} bits; at most ${rsaModulusBitsMax} are usable`);
  }
  const isOdd = (number: Uint8Array): boolean => ((number.at(-1) ?? 0) & 1) === 1;
  if (!isOdd(modulus)) throw malformed('its ssh-rsa modulus is even, so it is no product of two large primes');
  const exponentBits = bitLength(exponent);
  if (!isOdd(exponent) || exponentBits < 2 || exponentBits > rsaExponentBitsMax) {
    throw malformed(`its ssh-rsa exponent must be odd, above 1 and of at most ${rsaExponentBitsMax} bits`);
  }
};

const malformed = (what: string): Refusal => new Refusal('ssh-key-malformed', `the SSH key cannot be used: ${what}`);
