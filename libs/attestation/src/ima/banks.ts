import { hash } from 'node:crypto';
import type { ImaBank } from './claims.ts';

export const imaBanks = ['sha1', 'sha256', 'sha384', 'sha512'] as const satisfies readonly ImaBank[];

export const bankBytes: Readonly<Record<ImaBank, number>> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };

/**
 * A digest as a string of one character a byte. Node answers with a Buffer three times slower than with a string, and a
 * replay is four digests an entry.
 */
export const digestOf = (bank: ImaBank, bytes: Uint8Array): string => hash(bank, bytes, 'binary');

export const toHex = (binary: string): string => Buffer.from(binary, 'latin1').toString('hex');

export const fromHex = (hex: string): string => Buffer.from(hex, 'hex').toString('latin1');

export const isBank = (name: string): name is ImaBank => Object.hasOwn(bankBytes, name);
