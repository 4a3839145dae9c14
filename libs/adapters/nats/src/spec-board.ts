import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import type { DesiredSpec } from '#domain';
import {
  type Clock,
  decodeMessage,
  desiredSpec,
  encodeMessage,
  jetstreamStreams,
  type OrchestratorBus,
  specBytesMax,
  subjects,
} from '#events';
import { publishBudgetMs, publishTimeoutMs, putAttemptsMax } from './limits.ts';
import { unavailable, withPatience } from './retry.ts';
import type { BusLog } from './status.ts';

export type SpecBoardOptions = {
  readonly jsm: JetStreamManager;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: BusLog;
};

export type SpecBoard = { readonly put: OrchestratorBus['putSpec']; readonly purge: OrchestratorBus['purgeSpec'] };

/** What a put finds, and what must still be so when it writes. */
type Place = {
  readonly known: DesiredSpec | null;
  readonly expect: { readonly lastSubjectSequence: number; readonly lastSequence?: number };
};

/**
 * The last spec of each VM on WORK. A put looks, folds, compares and writes where it looked, so two writers cannot undo
 * each other. A subject without a message looks the same before its first spec and after its purge: there nothing at all
 * may have been put on WORK meanwhile (ADR-0052).
 */
export const createSpecBoard = ({ jsm, clock, signal, log }: SpecBoardOptions): SpecBoard => {
  const js = jsm.jetstream();
  const patiently = <Result>(what: string, attempt: () => Promise<Result>): Promise<Result> =>
    withPatience({ clock, signal, budgetMs: publishBudgetMs, what }, attempt);

  const last = (subject: string) =>
    // From the stream's leader: a direct get may answer from a replica that is behind.
    patiently(`read ${subject}`, () => jsm.streams.getMessage(jetstreamStreams.work, { last_by_subj: subject }));

  const placeOf = async (subject: string): Promise<Place> => {
    const stored = await last(subject);
    if (stored === null) {
      const { state } = await patiently(`look at ${subject}`, () => jsm.streams.info(jetstreamStreams.work));
      return { known: null, expect: { lastSubjectSequence: 0, lastSequence: state.last_seq } };
    }
    const known = decodeMessage(desiredSpec, stored.data, specBytesMax);
    if (!known.ok) log('warn', 'unreadable spec on the bus is replaced', { subject, reason: known.reason });
    return { known: known.ok ? known.value : null, expect: { lastSubjectSequence: stored.seq } };
  };

  const putAt = (subject: string, body: Uint8Array, { expect }: Place): Promise<'put' | 'moved'> =>
    patiently(`put ${subject}`, async () => {
      try {
        const streamName = jetstreamStreams.work;
        await js.publish(subject, body, { expect: { ...expect, streamName }, timeout: publishTimeoutMs });
        return 'put' as const;
      } catch (error) {
        if (isConflict(error)) return 'moved' as const;
        throw error;
      }
    });

  return {
    put: async (minerId, vmId, fold) => {
      const subject = subjects.work(minerId, vmId);
      for (let attempt = 1; attempt <= putAttemptsMax; attempt += 1) {
        const place = await placeOf(subject);
        const spec = await fold();
        if (spec === null) return 'not-wanted';
        if (place.known !== null && !isOlder(place.known, spec)) return 'not-older';
        if ((await putAt(subject, encoded(spec), place)) === 'put') return 'put';
      }
      throw unavailable(`put ${subject}`, `another writer was faster ${putAttemptsMax} times in a row`);
    },

    purge: async (minerId, vmId) => {
      const subject = subjects.work(minerId, vmId);
      const stored = await last(subject);
      if (stored === null) return;
      // Up to what was read: a spec put meanwhile stays.
      await patiently(`purge ${subject}`, () =>
        jsm.streams.purge(jetstreamStreams.work, { filter: subject, seq: stored.seq + 1 }),
      );
    },
  };
};

const encoded = (spec: DesiredSpec): Uint8Array => {
  const body = encodeMessage(desiredSpec, spec);
  if (body.length <= specBytesMax) return body;
  throw new Error(`BUG: the spec of VM ${spec.vmId} has ${body.length} bytes, at most ${specBytesMax} are sent`);
};

/** Whether `a` is older than `b`: the generation fences, the revision orders within it. */
const isOlder = (a: DesiredSpec, b: DesiredSpec): boolean =>
  a.generation === b.generation ? a.specRevision < b.specRevision : a.generation < b.generation;

const isConflict = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown);
