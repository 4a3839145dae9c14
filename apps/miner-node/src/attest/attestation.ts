import type { HostCheck } from '#domain';
import type { Log, Part } from '#edge';
import {
  AttestationRefused,
  type AttesterBus,
  BusUnavailable,
  type Clock,
  type EvidenceAnswer,
  type Stop,
} from '#events';
import { failureOf } from '../failure.ts';
import { limits } from '../limits.ts';
import type { HostAttester } from './host-attester.ts';

export type AttestationParts = {
  readonly attester: Pick<HostAttester, 'round' | 'close'>;
  readonly bus: Pick<AttesterBus, 'onDue'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells the network how attestation stands, as one of this host's checks. */
  readonly tell: (check: HostCheck) => void;
};

/** Attests this host for as long as the agent lives: when the verifier said, when it asks, and again after a failure, with
 *  growing pauses. Nothing else of the agent waits for it. */
export const createAttestation = ({ attester, bus, clock, log, tell }: AttestationParts): Part => {
  const stopping = new AbortController();
  const stops: Stop[] = [];
  let nap = new AbortController();
  let isAsked = false;
  let loop: Promise<void> = Promise.resolve();

  const wait = async (ms: number): Promise<void> => {
    nap = new AbortController();
    if (!isAsked) await clock.sleep(ms, AbortSignal.any([nap.signal, stopping.signal]));
    isAsked = false;
  };

  const run = async (): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        const answer = await attester.round();
        failures = 0;
        tellVerdict(answer, log, tell);
        await wait(clamp(answer.nextDueAt - clock.now(), limits.attestWaitMinMs, limits.attestWaitMaxMs));
      } catch (error) {
        if (stopping.signal.aborted) return;
        const pauseMs = Math.min(limits.attestRetryMs * 2 ** Math.min(failures, 10), limits.attestRetryMaxMs);
        failures += 1;
        // Nobody who could judge: nothing of this host's is wrong.
        const isAlone = error instanceof BusUnavailable;
        const asked = error instanceof AttestationRefused ? error.retryInMs : null;
        const inMs = Math.max(asked ?? pauseMs, limits.attestWaitMinMs);
        tellFailure(error, inMs, log, isAlone ? () => undefined : tell);
        // Somebody who asks for evidence meanwhile cannot make a broken host work harder.
        await clock.sleep(inMs, stopping.signal);
      }
    }
  };

  return {
    name: 'attestation',
    start: async () => {
      const onDue = (): void => {
        isAsked = true;
        nap.abort();
      };
      stops.push(await bus.onDue(onDue));
      loop = run();
    },
    stop: async () => {
      stopping.abort();
      for (const stop of stops.splice(0)) await stop();
      // Whatever a round waits for ends with its machine.
      await attester.close();
      await loop;
      await attester.close();
    },
  };
};

const tellVerdict = (
  { tier, groups, refusals, nextDueAt, appraisalId }: EvidenceAnswer,
  log: Log,
  tell: AttestationParts['tell'],
): void => {
  const isGood = refusals.length === 0;
  log(isGood ? 'info' : 'warn', 'attested', { tier, ...groups, appraisalId, nextDueAt });
  for (const { group, code, observed, wanted, title, fix } of refusals) {
    log('warn', 'evidence refused', { group, code, title, observed, wanted, fix });
  }
  const [first] = refusals;
  tell(checkOf(first === undefined ? 'PASS' : 'FAIL', first?.observed ?? tier, first?.fix ?? null, first?.wanted));
};

const tellFailure = (error: unknown, inMs: number, log: Log, tell: AttestationParts['tell']): void => {
  const { code, detail } = failureOf(error, 'attestation-failed');
  log('warn', 'not attested, it is tried again', { code, reason: detail, inMs });
  tell(
    checkOf('FAIL', `${code}: ${detail}`, "read the agent's log and mend what it names; it is tried again by itself"),
  );
};

const checkOf = (status: HostCheck['status'], observed: string, fix: string | null, wanted?: string): HostCheck => ({
  ...{ code: 'HCC-A001', name: 'attestation', status },
  observed: bounded(observed),
  wanted: bounded(wanted ?? 'evidence that its verifier takes'),
  fix: fix === null ? null : bounded(fix),
});

const bounded = (text: string): string => text.slice(0, limits.checkTextCharactersMax);
const clamp = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max);
