import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import type { DesiredSpec } from '#domain';
import {
  type Clock,
  decodeMessage,
  desiredSpec,
  encodeMessage,
  jetstreamStreams,
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

export type SpecBoard = {
  put(minerId: string, spec: DesiredSpec): Promise<'put' | 'not-older'>;
  purge(minerId: string, vmId: string): Promise<void>;
};

/** The last spec of each VM on WORK. A put reads, compares and writes at the sequence it read, so two writers cannot undo each other. */
export const createSpecBoard = ({ jsm, clock, signal, log }: SpecBoardOptions): SpecBoard => {
  const js = jsm.jetstream();
  const patiently = <Result>(what: string, attempt: () => Promise<Result>): Promise<Result> =>
    withPatience({ clock, signal, budgetMs: publishBudgetMs, what }, attempt);

  const last = (subject: string) =>
    // From the stream's leader: a direct get may answer from a replica that is behind.
    patiently(`read ${subject}`, () => jsm.streams.getMessage(jetstreamStreams.work, { last_by_subj: subject }));

  const putAt = (subject: string, body: Uint8Array, sequence: number): Promise<'put' | 'moved'> =>
    patiently(`put ${subject}`, async () => {
      try {
        const expect = { lastSubjectSequence: sequence, streamName: jetstreamStreams.work };
        await js.publish(subject, body, { expect, timeout: publishTimeoutMs });
        return 'put' as const;
      } catch (error) {
        if (isConflict(error)) return 'moved' as const;
        throw error;
      }
    });

  return {
    put: async (minerId, spec) => {
      const subject = subjects.work(minerId, spec.vmId);
      const body = encodeMessage(desiredSpec, spec);
      if (body.length > specBytesMax) {
        throw new Error(`BUG: the spec of VM ${spec.vmId} has ${body.length} bytes, at most ${specBytesMax} are sent`);
      }
      for (let attempt = 1; attempt <= putAttemptsMax; attempt += 1) {
        const stored = await last(subject);
        if (stored !== null) {
          const known = decodeMessage(desiredSpec, stored.data, specBytesMax);
          if (!known.ok) log('warn', 'unreadable spec on the bus is replaced', { subject, reason: known.reason });
          else if (!isOlder(known.value, spec)) return 'not-older';
        }
        if ((await putAt(subject, body, stored?.seq ?? 0)) === 'put') return 'put';
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

/** Whether `a` is older than `b`: the generation fences, the revision orders within it. */
const isOlder = (a: DesiredSpec, b: DesiredSpec): boolean =>
  a.generation === b.generation ? a.specRevision < b.specRevision : a.generation < b.generation;

const isConflict = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown);
