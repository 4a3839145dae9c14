import { readGuestBootPolicy } from '#attestation';
import { fold } from '#domain';
import { createThrottle } from '#edge';
import {
  AttestationRefused,
  type AttesterBus,
  aggregates,
  BusUnavailable,
  type Clock,
  type EventStore,
  readWholeStream,
  streamName,
} from '#events';
import { createAttesters } from '../../../apps/attestor/src/attesters/attesters.ts';
import { createNonces } from '../../../apps/attestor/src/challenges/nonces.ts';
import type { Grounds } from '../../../apps/attestor/src/endorsements/endorsements.ts';
import { createTurnstile } from '../../../apps/attestor/src/evidence/turnstile.ts';
import { createGuestRounds, type GuestRounds } from '../../../apps/attestor/src/guests/guest-rounds.ts';
import { createExpectedBoots } from '../../../apps/attestor/src/guests/placed-boots.ts';
import { vmRequestEveryMs, vmRequestsBurst } from '../../../apps/attestor/src/limits.ts';
import { createLife, type Life } from '../life.ts';
import { createProcessGround, type Ground } from '../process.ts';
import type { VirtualTime } from '../virtual-time.ts';
import { appraiseSimulated } from './appraiser.ts';
import { digestOf, network } from './network.ts';
import { signSimulated } from './results.ts';
import { sha256Of } from './silicon.ts';
import type { Witness } from './witness.ts';

/** The attestor's door for miners: a process that ends, and another in its place when it is next asked. */
export type SimAttestor = {
  /** What `minerId` asks for its guests, over a bus that loses questions and answers. */
  busOf(minerId: string, isCut: () => boolean): Pick<AttesterBus, 'ask'>;
  end(): void;
};

export type AttestorParts = {
  readonly ground: Ground;
  readonly time: VirtualTime;
  readonly witness: Pick<Witness, 'appraised'>;
};

export const createSimAttestor = (parts: AttestorParts): SimAttestor => {
  const { faults } = parts.ground;
  let running: Running | null = null;
  const present = (): Running => {
    if (running?.life.isAlive() !== true) running = begin(parts);
    return running;
  };
  const carried = async <Answer>(isCut: () => boolean, work: (rounds: GuestRounds) => Promise<Answer>) => {
    const isLost = isCut() || faults.happens('bus-fails');
    if (isLost && (isCut() || parts.ground.random.chance(0.5))) throw new BusUnavailable('lost on the way');
    const { rounds, life } = present();
    const answer = await Promise.race([work(rounds), life.ended]);
    if (isLost || isCut()) throw new BusUnavailable('the answer was lost');
    return answer;
  };
  return {
    end: () => void running?.life.end(),
    busOf: (minerId, isCut) => ({
      ask: async (what, message) => {
        // Only what guests ask: of hosts nothing is simulated.
        if (what === 'guest-challenge' && 'purpose' in message && 'vmId' in message) {
          return answerOf(await carried(isCut, (rounds) => rounds.challenge(minerId, message)));
        }
        if (what === 'guest-evidence' && 'evidence' in message && 'vmId' in message) {
          const { vmId, evidence } = message;
          return answerOf(await carried(isCut, (rounds) => rounds.appraise(minerId, vmId, evidence)));
        }
        throw new AttestationRefused('not-simulated', `nobody answers ${what} here`, null);
      },
    }),
  };
};

// The port's answer depends on the request's name, which the compiler does not follow through a comparison.
const answerOf = <Answer>(answer: unknown): Answer => answer as Answer;

type Running = { readonly life: Life; readonly rounds: GuestRounds };

const begin = ({ ground, time, witness }: AttestorParts): Running => {
  const life = createLife('attestor', () => undefined);
  const clock: Clock = time.clockOf(life, () => 0);
  const { store } = createProcessGround(ground, life, clock);
  const random = (bytes: number): Uint8Array =>
    digestOf('attestor', `${ground.random.next()}`, `${clock.now()}`).subarray(0, bytes);
  const rounds = createGuestRounds({
    ...{ attestorId: 'simulated-attestor', network, clock, random },
    nonces: createNonces(digestOf('nonces'), random),
    attesters: createAttesters({ store, clock, known: () => undefined }),
    expectedBoot: createExpectedBoots(store),
    throttle: createThrottle({ clock, burst: vmRequestsBurst, everyMs: vmRequestEveryMs, keysMax: 1_000 }),
    turnstile: createTurnstile(64, 256),
    gather: async () => nothingGathered,
    judge: async ({ document, evidence, expected }) => {
      const inForce = await policyInForce(store);
      const appraisal = appraiseSimulated(evidence, expected, inForce.policy);
      return { appraisal, evidenceSha256: sha256Of(document), inForce };
    },
    keep: async ({ document }) => sha256Of(document),
    sign: async (about, guest, maxAgeMs) => {
      witness.appraised({
        ...guest,
        appraisalId: about.appraisalId,
        vmId: about.attesterId,
        tier: about.appraisal.tier,
      });
      return signSimulated(about, guest, maxAgeMs);
    },
    recorded: () => undefined,
  });
  return { life, rounds };
};

/** No processor vouches for anything here. */
const nothingGathered: Grounds = {
  hints: null,
  endorsed: { endorsements: null, revocationLists: {} },
  judgedWith: { certificates: null, revocationLists: {} },
};

const policyInForce = async (store: EventStore) => {
  const { decider, codec } = aggregates.policy;
  const events = await readWholeStream(store, streamName('policy', 'guest-boot'));
  const policy = fold(decider, events.map(codec.decode));
  if (policy === null) throw new AttestationRefused('policy-missing', 'no policy guest-boot is published', 1_000);
  const { name, version, sha256, document } = policy;
  return { policy: readGuestBootPolicy(document), used: { name, version, sha256 } };
};
