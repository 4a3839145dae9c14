import type { z } from 'zod';
import { compileAppraisalPolicy, PolicyMalformed, readAppraisalPolicy, readGuestBootPolicy } from '#attestation';
import { type PolicyDocument, Refusal, standardReputation, standardSchedule } from '#domain';
import { DoorProblem } from '#edge';
import {
  aggregates,
  contentDigest,
  type EventStore,
  type PolicyName,
  PolicyUnreadable,
  policyDocument,
  readReputationPolicy,
  readSchedule,
  streamName,
} from '#events';
import type { policyAnswer } from '../views/policy.view.ts';

type PolicyView = z.input<typeof policyAnswer>;

/** Holds a document against what its policy must say. Refuses `invalid-request`, every wrong member named. */
export const demandReadable = (name: PolicyName, document: PolicyDocument): void => {
  try {
    if (name === 'attestation-schedule') readSchedule(document);
    else if (name === 'reputation') readReputationPolicy(document);
    else if (name === 'guest-boot') readGuestBootPolicy(document);
    else compileAppraisalPolicy(readAppraisalPolicy(document));
  } catch (error) {
    if (!(error instanceof PolicyMalformed || error instanceof PolicyUnreadable)) throw error;
    throw new DoorProblem('invalid-request', `the document is no policy ${name}: ${error.message}`);
  }
};

const standard: Readonly<Record<PolicyName, object | null>> = {
  // What it must say depends on what is installed: nobody can know it beforehand.
  'host-attestation': null,
  'guest-boot': null,
  'attestation-schedule': standardSchedule,
  reputation: standardReputation,
};

/** What holds while nothing is published; `null` where nothing does. */
export const builtIn = (name: PolicyName): PolicyView | null => {
  const found = standard[name];
  if (found === null) return null;
  const document = policyDocument.parse(found);
  return { name, version: 0, sha256: contentDigest(document), reason: 'built in', publishedAt: null, document };
};

/** One version of a policy, from its own event. Refuses `policy-not-found`. */
export const policyVersion = async (store: EventStore, name: PolicyName, version: number): Promise<PolicyView> => {
  const found = version === 0 ? builtIn(name) : await published(store, name, version);
  if (found !== null) return found;
  throw new Refusal(
    'policy-not-found',
    `there is no version ${version} of policy ${name}; \`hcc policy ls\` says which is newest`,
  );
};

const published = async (store: EventStore, name: PolicyName, version: number): Promise<PolicyView | null> => {
  // Versions are the stream's events in their order.
  const [recorded] = await store.readStream(streamName('policy', name), { from: BigInt(version - 1), limit: 1 });
  if (recorded === undefined) return null;
  const { sha256, reason, document } = aggregates.policy.codec.decode(recorded);
  return { name, version, sha256, reason, publishedAt: recorded.recordedAt, document: policyDocument.parse(document) };
};
