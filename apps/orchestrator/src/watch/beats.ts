import type { MinerId, UnixMs } from '#domain';

/** A miner beats every two seconds; this many missed in a row and it is lost. */
export const beatIntervalMs = 2_000;
export const missedBeatsMax = 10;
export const silenceMaxMs = beatIntervalMs * missedBeatsMax;

export type Listening = {
  /** Beats count only from here: our start, or when the bus connection came back. `null` while we hear nothing at all. */
  readonly since: UnixMs | null;
  /** Each miner thought present, and when it last beat or attached. */
  readonly heardAt: ReadonlyMap<MinerId, UnixMs>;
};

export type Silent = { readonly minerId: MinerId; readonly lastSeenAt: UnixMs; readonly missedBeats: number };

export type Judgement = {
  readonly lost: readonly Silent[];
  /** So many went silent together that the fault is more likely ours: nobody is lost, people are called. */
  readonly alert: readonly Silent[];
};

/**
 * Which of the miners now thought present have been silent for too long. More than a third of all at once (and more
 * than one: a single host is no outage) raises an alert and loses nobody.
 */
export const judgeBeats = ({ since, heardAt }: Listening, now: UnixMs): Judgement => {
  if (since === null) return { lost: [], alert: [] };
  const silent = [...heardAt]
    .map(([minerId, at]) => ({ minerId, lastSeenAt: Math.max(at, since) }))
    .filter(({ lastSeenAt }) => now - lastSeenAt > silenceMaxMs)
    .map((miner) => ({ ...miner, missedBeats: Math.floor((now - miner.lastSeenAt) / beatIntervalMs) }));
  const isOutage = silent.length > 1 && silent.length * 3 > heardAt.size;
  return isOutage ? { lost: [], alert: silent } : { lost: silent, alert: [] };
};
