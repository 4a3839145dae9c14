import type { BusFaults } from '#adapters/memory';
import { type Chance, movingTroubles, type Plan, sealedTroubles, type Trouble, troubleKinds } from './plan.ts';
import type { Random } from './random.ts';

/** What goes wrong, as the plan has it, until it is called off. */
export type Faults = {
  happens(kind: Chance): boolean;
  /** What trouble comes now; `null` when the plan has none. */
  trouble(): Trouble | null;
  /** The memory bus's faults, of the same plan and the same draws. */
  readonly bus: BusFaults;
  begin(): void;
  end(): void;
};

const none = (of: Readonly<Record<string, number>>) => Object.fromEntries(Object.keys(of).map((kind) => [kind, 0]));

/** Longest delay of a message. */
const delayMsMax = 6_000;

export const createFaults = ({ rates: drawn, sealedPercent, movingPercent }: Plan, random: Random): Faults => {
  // Where no VM is sealed, none of those is mistreated, and nothing is drawn for it.
  const rates = {
    ...drawn,
    ...(sealedPercent > 0 ? {} : none(sealedTroubles)),
    ...(movingPercent > 0 ? {} : none(movingTroubles)),
  };
  let isStormy = false;
  const rate = (kind: Chance): number => (isStormy ? rates[kind] : 0);
  const total = troubleKinds.reduce((sum, kind) => sum + rates[kind], 0);
  return {
    happens: (kind) => isStormy && rates[kind] > 0 && random.chance(rates[kind]),
    trouble: () => {
      let at = random.next() * total;
      for (const kind of troubleKinds) {
        at -= rates[kind];
        if (at < 0) return kind;
      }
      return null;
    },
    bus: {
      next: random.next,
      get loseRate() {
        return rate('lose');
      },
      get duplicateRate() {
        return rate('duplicate');
      },
      get reorderRate() {
        return rate('reorder');
      },
      get delayRate() {
        return rate('delay');
      },
      get failRate() {
        return rate('bus-fails');
      },
      delayMsMax,
    },
    begin: () => {
      isStormy = true;
    },
    end: () => {
      isStormy = false;
    },
  };
};
