import { formatCredits, type MicroCredits, microCredits } from '#domain';
import { usageError } from '../cli-error.ts';

/** Micro-credits, as the API writes them, for people: `12.5 credits`. */
export const creditsText = (amount: string): string =>
  /^-?\d{1,30}$/.test(amount) ? formatCredits(microCredits(BigInt(amount))) : amount;

/** Credits as a person types them, exactly. Refuses what is no amount, 0, and more than six digits after the point. */
export const parseCredits = (text: string): MicroCredits => {
  const [, whole, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  const amount = whole === undefined ? 0n : BigInt(whole + fraction.padEnd(6, '0'));
  if (amount > 0n) return microCredits(amount);
  throw usageError('credits-malformed', `"${text}" is not an amount of credits`, {
    wanted: 'a number above 0 with at most six digits after the point',
  });
};
