declare const micro: unique symbol;

/** An amount of credits in millionths. 1 credit = 1 USD. JSON carries it as a decimal string, because JSON has no bigint. */
export type MicroCredits = bigint & { readonly [micro]: true };

const MICRO_PER_CREDIT = 1_000_000n;

/** Brands a whole number of micro-credits. */
export const microCredits = (amount: bigint): MicroCredits => amount as MicroCredits;

/** A whole number of credits as micro-credits. */
export const credits = (amount: bigint): MicroCredits => microCredits(amount * MICRO_PER_CREDIT);

export const addCredits = (a: MicroCredits, b: MicroCredits): MicroCredits => microCredits(a + b);
export const subtractCredits = (a: MicroCredits, b: MicroCredits): MicroCredits => microCredits(a - b);

/** `12.5 credits`: for sentences. Exact, trailing zeros dropped. */
export const formatCredits = (amount: MicroCredits): string => {
  const sign = amount < 0n ? '-' : '';
  const absolute = amount < 0n ? -amount : amount;
  const fraction = (absolute % MICRO_PER_CREDIT).toString().padStart(6, '0').replace(/0+$/, '');
  return `${sign}${absolute / MICRO_PER_CREDIT}${fraction === '' ? '' : `.${fraction}`} credits`;
};

/** A VM may be created only by an account with this much available (design, section 6). */
export const vmCreationMinimum: MicroCredits = credits(10n);
