import { formatCredits, microCredits } from '#domain';

/** Micro-credits, as the API writes them, for people: `12.5 credits`. */
export const creditsText = (amount: string): string =>
  /^-?\d{1,30}$/.test(amount) ? formatCredits(microCredits(BigInt(amount))) : amount;
