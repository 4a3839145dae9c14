import { isoTime } from '#events';
import type { PassportCheck } from './check.ts';
import type { Passport } from './document.ts';
import type { Founded } from './founding.ts';
import type { Happening } from './history.ts';
import type { Rejudged } from './judging.ts';
import type { Replay, SeenBoot } from './replay.ts';

/** One boot, as it was recorded, and what its evidence rests on. */
export type BootReport = {
  readonly bootId: string;
  readonly generation: number;
  readonly minerId: string;
  readonly specifiedAt: string;
  readonly chipId: string | null;
  readonly launchDigest: string | null;
  readonly release: { readonly mode: string; readonly appraisalId: string; readonly guestKeySha256: string } | null;
  readonly sshHostKey: string | null;
  readonly counter: number | null;
};

/** All that was found out about a passport. */
export type PassportReport = {
  /** Nothing that was looked at is wrong. What rests on whom is in the checks. */
  readonly ok: boolean;
  /** The network has processors in software: nothing here is confidential. */
  readonly simulated: boolean;
  readonly network: {
    readonly networkId: string;
    readonly name: string;
    readonly kind: string;
    readonly keyHex: string;
  } | null;
  readonly vmId: string;
  readonly name: string | null;
  readonly madeAt: string;
  readonly boots: readonly BootReport[];
  readonly history: readonly Happening[];
  readonly checks: readonly PassportCheck[];
};

/** What was found out by then. */
export type Found = {
  readonly checks: readonly PassportCheck[];
  readonly replayed?: Replay;
  readonly rejudged?: ReadonlyMap<string, Rejudged>;
  readonly history?: readonly Happening[];
};

/** What was found out, for programs; {@link PassportReport.ok} only of what was looked into. */
export const reportOf = (passport: Passport, founded: Founded | null, found: Found): PassportReport => {
  const { vmId, madeAt } = passport;
  const { checks, replayed, rejudged, history } = found;
  return {
    ok: founded !== null && replayed !== undefined && !checks.some(({ outcome }) => outcome === 'fail'),
    simulated: founded?.network.kind === 'simulated' || checks.some(({ outcome }) => outcome === 'simulated'),
    network: founded === null ? null : networkOf(founded),
    ...{ vmId, name: replayed?.vm?.name ?? null, madeAt },
    boots: (replayed?.boots ?? []).map((boot) => bootOf(boot, rejudged ?? new Map())),
    ...{ history: history ?? [], checks },
  };
};

const networkOf = ({ network: { networkId, name, kind }, keyHex }: Founded) => ({ networkId, name, kind, keyHex });

const bootOf = (
  { specified, atMs, minerId, released, confirmed }: SeenBoot,
  rejudged: ReadonlyMap<string, Rejudged>,
): BootReport => {
  const judged = released === null ? undefined : rejudged.get(released.appraisalId);
  const claims = judged?.kind === 'judged' ? judged.appraisal.claims : null;
  const { bootId, generation } = specified;
  return {
    ...{ bootId, generation, minerId, specifiedAt: isoTime(atMs) },
    ...{ chipId: claims?.chipId ?? null, launchDigest: claims?.launchDigest ?? null },
    release:
      released === null
        ? null
        : { mode: released.mode, appraisalId: released.appraisalId, guestKeySha256: released.guestKeySha256 },
    ...{ sshHostKey: confirmed?.sshHostKey ?? null, counter: confirmed?.counter ?? null },
  };
};
