import type { Finding, Text } from '../finding.ts';
import { Malformed } from '../malformed.ts';
import type { Check } from '../verdict.ts';
import type { SnpRefusalCode } from './refusals.ts';

export const check = (code: SnpRefusalCode, good: boolean, observed: string, wanted: string): Check => ({
  code,
  outcome: good ? 'passed' : 'failed',
  observed,
  wanted,
});

/** A check whose words are made when somebody reads them. */
export const finding = (code: SnpRefusalCode, good: boolean, observed: Text, wanted: Text): Finding => ({
  code,
  outcome: good ? 'passed' : 'failed',
  observed,
  wanted,
});

export const unchecked = (code: SnpRefusalCode, observed: string, wanted: string): Check => ({
  code,
  outcome: 'unchecked',
  observed,
  wanted,
});

/** What was read, or the failed check that says why it was not. Any other error is ours, and goes on. */
export const readOr = <T>(code: SnpRefusalCode, read: () => T): { readonly value: T } | { readonly failed: Check } => {
  try {
    return { value: read() };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { failed: check(code, false, error.message, error.wanted) };
  }
};

export const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

export const isFilled = (bytes: Uint8Array, value: number): boolean => {
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at] !== value) return false;
  return true;
};

/** The same of a part, without a view of it. */
export const isZero = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let at = from; at < to; at += 1) if (bytes[at] !== 0) return false;
  return true;
};
