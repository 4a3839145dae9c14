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
export function checkProgress(findings: Findings, quote: TpmQuote, previous: TpmProgress): void {
  const resets = step(32, BigInt(previous.resetCount), BigInt(quote.resetCount));
  const since = `not before ${previous.resetCount}, as last seen`;
  findings.check('tpm-reset-count', resets >= 0n, String(quote.resetCount), since);
  const restarts = step(32, BigInt(previous.restartCount), BigInt(quote.restartCount));
  // A reset starts the count of restarts anew.
  const restartsWanted = `not before ${previous.restartCount}, as last seen`;
  findings.check('tpm-restart-count', resets > 0n || restarts >= 0n, String(quote.restartCount), restartsWanted);
  // After a power cut the clock may repeat what it had not stored; the TPM says so itself, and counts the reset.
  const clockMayRepeat = resets > 0n && !quote.safe;
  const isForward = clockMayRepeat || quote.clockMs >= BigInt(previous.clockMs);
  findings.check('tpm-clock', isForward, `${quote.clockMs} ms`, `not before ${previous.clockMs} ms, as last seen`);
  const observed = progressOf(quote).firmwareVersion;
  const newer = step(64, BigInt(previous.firmwareVersion), quote.firmwareVersion);
  findings.check('tpm-firmware', newer >= 0n, observed, `not older than ${previous.firmwareVersion}, as last seen`);
}

const step = (bits: number, from: bigint, to: bigint): bigint => BigInt.asIntN(bits, to - from);
