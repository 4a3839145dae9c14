import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import {
  type CompiledAppraisalPolicy,
  compileAppraisalPolicy,
  type GuestBootPolicy,
  readAppraisalPolicy,
  readGuestBootPolicy,
} from '#attestation';
import { type PolicyState, type PolicyUsed, type SchedulePolicy, standardSchedule } from '#domain';
import type { Log } from '#edge';
import { AttestationRefused, type PolicyName, readSchedule } from '#events';

/** A policy that is in force, and what a verdict says of it. */
export type InForce<Policy> = { readonly policy: Policy; readonly used: PolicyUsed };

/** The policies verdicts go by. Each is read and made ready once for each version. */
export type Policies = {
  /** Throws AttestationRefused when none is published, or the newest is none: nothing is judged by guesswork. */
  hostAttestation(): InForce<CompiledAppraisalPolicy>;
  /** Throws AttestationRefused like {@link Policies.hostAttestation}: what owners' VMs are started with is nobody's guess. */
  guestBoot(): InForce<GuestBootPolicy>;
  /** The standard one while none is published, or none that can be read: when to look next is no question of trust. */
  schedule(): InForce<SchedulePolicy>;
};

const standard: InForce<SchedulePolicy> = {
  policy: standardSchedule,
  used: {
    ...{ name: 'attestation-schedule', version: 0 },
    sha256: createHash('sha256')
      .update(canonicalize(standardSchedule) ?? '')
      .digest('hex'),
  },
};

export const createPolicies = (published: () => ReadonlyMap<string, NonNullable<PolicyState>>, log: Log): Policies => {
  const remembered = new Map<PolicyName, { readonly sha256: string; readonly made: InForce<never> | Error }>();

  const made = <Policy>(name: PolicyName, make: (document: unknown) => Policy): InForce<Policy> | null => {
    const newest = published().get(name);
    if (newest === undefined) return null;
    const { sha256, version, document } = newest;
    const before = remembered.get(name);
    if (before?.sha256 === sha256) {
      if (before.made instanceof Error) throw before.made;
      return before.made;
    }
    try {
      const inForce = { policy: make(document), used: { name, version, sha256 } };
      // Kept under its name, which says what it is a policy of.
      remembered.set(name, { sha256, made: inForce as InForce<never> });
      return inForce;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const refused = new AttestationRefused(
        'policy-unreadable',
        `version ${version} of policy ${name} is none this build can read (${reason}); publish one that is`,
        comeAgainMs,
      );
      remembered.set(name, { sha256, made: refused });
      log('error', 'policy unreadable', { policy: name, version, reason });
      throw refused;
    }
  };

  const demanded = <Policy>(name: PolicyName, make: (document: unknown) => Policy): InForce<Policy> => {
    const inForce = made(name, make);
    if (inForce !== null) return inForce;
    throw new AttestationRefused(
      'policy-missing',
      `no policy ${name} is published, so nothing can be judged; \`hcc policy publish ${name} FILE\` does`,
      comeAgainMs,
    );
  };

  return {
    hostAttestation: () =>
      demanded('host-attestation', (document) => compileAppraisalPolicy(readAppraisalPolicy(document))),
    guestBoot: () => demanded('guest-boot', readGuestBootPolicy),
    schedule: () => {
      try {
        return made('attestation-schedule', readSchedule) ?? standard;
      } catch (error) {
        if (error instanceof AttestationRefused) return standard;
        throw error;
      }
    },
  };
};

const comeAgainMs = 30_000;
