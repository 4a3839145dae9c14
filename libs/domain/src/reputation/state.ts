import type { Size } from '../values/size.ts';
import type { UnixMs } from '../values/time.ts';

/** Why a score changed, in one stable word. */
export type ReasonCode =
  | 'restored'
  | 'uptime'
  | 'delivered'
  | 'warning'
  | 'contraindicated'
  | 'hardware'
  | 'tpm'
  | 'ima'
  | 'repeated'
  | 'silence'
  | 'overdue'
  | 'lost'
  | 'shortfall'
  | 'slashed';

/** One change of a score, and the event it follows from. */
export type Reason = {
  readonly eventId: string;
  readonly stream: string;
  readonly revision: bigint;
  readonly type: string;
  readonly at: UnixMs;
  readonly code: ReasonCode;
  /** In parts of a million; never 0. */
  readonly delta: number;
  /** After it. */
  readonly score: number;
  readonly policyVersion: number;
};

/** What somebody earned, and what the next event is held against. Whole numbers only. */
export type Reputation = {
  /** 0 to a million. */
  readonly score: number;
  /** What it began with. With `earlier` and every reason that is kept it makes the score. */
  readonly start: number;
  /** The sum of the changes whose reasons are not kept any more. */
  readonly earlier: number;
  readonly losses: readonly Reason[];
  readonly gains: readonly Reason[];
  /** Attached, and not lost. */
  readonly isUp: boolean;
  /** Until when its uptime is accounted for. */
  readonly provenUntil: UnixMs;
  /** From when on it decays unless evidence comes; `null` before its agent first came. */
  readonly silentFrom: UnixMs | null;
  /** What this silence has cost already. */
  readonly decayed: number;
  /** What the failures in a row have cost at once: a graver one costs anew. 0 when the last evidence was good. */
  readonly failing: number;
  readonly capacity: Size;
  readonly held: ReadonlyMap<string, { readonly generation: number; readonly size: Size }>;
  /** Held capacity since `provenUntil`: milliseconds at the full capacity, in millionths. */
  readonly heldShareMs: number;
  readonly heldSince: UnixMs;
  /** What was too little for a whole part yet, each in parts times milliseconds of a day. */
  readonly rests: { readonly uptime: number; readonly delivered: number };
};
