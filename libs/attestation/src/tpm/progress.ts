import type { TpmQuote } from './attest.ts';
import type { TpmProgress } from './claims.ts';
import type { Findings } from './findings.ts';

/** What is remembered of a quote for the next one of the same key. */
export function progressOf(quote: TpmQuote): TpmProgress {
  return {
    clockMs: quote.clockMs.toString(),
    resetCount: quote.resetCount,
    restartCount: quote.restartCount,
    firmwareVersion: `0x${quote.firmwareVersion.toString(16).padStart(16, '0')}`,
  };
}

/**
 * Refuses a TPM that has gone back: an older quote, a restored software TPM, older firmware.
 * Counts and firmware version of a key outside the endorsement hierarchy are the true ones plus a secret that is fixed for the key,
 * modulo their width; so they are compared as steps modulo that width, where less than half of it is forward.
 */
export function checkProgress(findings: Findings, quote: TpmQuote, seen: TpmProgress, previous: TpmProgress): void {
  const resets = step(previous.resetCount, seen.resetCount);
  findings.check('tpm-reset-count', resets >= 0, () => `${seen.resetCount}`, notBefore(previous.resetCount));
  // A reset starts the count of restarts anew.
  const restarted = resets > 0 || step(previous.restartCount, seen.restartCount) >= 0;
  findings.check('tpm-restart-count', restarted, () => `${seen.restartCount}`, notBefore(previous.restartCount));
  // After a power cut the clock may repeat what it had not stored; the TPM says so itself, and counts the reset.
  const isForward = (resets > 0 && !quote.safe) || quote.clockMs >= BigInt(previous.clockMs);
  findings.check('tpm-clock', isForward, () => `${seen.clockMs} ms`, notBefore(previous.clockMs, ' ms'));
  const isOlder =
    seen.firmwareVersion !== previous.firmwareVersion &&
    BigInt.asIntN(64, quote.firmwareVersion - BigInt(previous.firmwareVersion)) < 0n;
  findings.check('tpm-firmware', !isOlder, seen.firmwareVersion, notBefore(previous.firmwareVersion));
}

/** From one count of 32 bits to another, the short way round. */
const step = (from: number, to: number): number => (to - from) | 0;

const notBefore =
  (seen: string | number, unit = '') =>
  (): string =>
    `not before ${seen}${unit}, as last seen`;
