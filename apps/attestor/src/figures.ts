import type { Tier } from '#domain';
import { type Metrics, version } from '#edge';
import type { Clock, VerifierBus } from '#events';
import type { World } from './world/world.ts';

export type Watched = {
  readonly world: () => World;
  readonly bus: Pick<VerifierBus, 'connectedSince'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly isReady: () => boolean;
};

/** Everything of an attestor that is read when somebody asks for it. */
export const tellFigures = (metrics: Metrics, { world, bus, clock, isReady }: Watched): void => {
  const flag = (is: boolean) => [{ labels: {}, value: is ? 1 : 0 }];
  metrics.gauge('hcc_build_info', () => [{ labels: { version }, value: 1 }]);
  metrics.gauge('hcc_ready', () => flag(isReady()));
  metrics.gauge('hcc_bus_connected', () => flag(bus.connectedSince() !== null));
  metrics.gauge('hcc_attesters', () => {
    const all = [...world().attesters.values()];
    const overdue = all.filter(({ state }) => state.overdueSince !== null).length;
    return [
      { labels: { state: 'awaited' }, value: all.length - overdue },
      { labels: { state: 'overdue' }, value: overdue },
    ];
  });
  metrics.gauge('hcc_attestation_proof_age_seconds', () => {
    const oldest = oldestProof(world());
    return [{ labels: {}, value: oldest === null ? 0 : Math.max(0, clock.now() - oldest) / 1_000 }];
  });
};

/** The last good proof of the miner that gave its own longest ago; when its agent came, where it never gave one. Of
 *  miners that are not lost: those say so by themselves. */
const oldestProof = ({ miners, attesters }: World): number | null => {
  let oldest: number | null = null;
  for (const [minerId, { state, attachedAt }] of miners) {
    if (attachedAt === null || state.lost !== null) continue;
    const provedAt = attesters.get(minerId)?.state.lastAffirmedAt ?? attachedAt;
    if (oldest === null || provedAt < oldest) oldest = provedAt;
  }
  return oldest;
};

/** What of a verdict is counted: what it came to, and each check that did not pass. */
export type Verdict = { readonly tier: Tier; readonly refusals: readonly { readonly code: string }[] };

/** Counts the verdicts on hosts, or on owners' VMs. */
export const tally =
  (metrics: Metrics, of: 'host' | 'guest') =>
  ({ tier, refusals }: Verdict): void => {
    metrics.count(of === 'host' ? 'hcc_attestation_verdicts_total' : 'hcc_guest_verdicts_total', { tier });
    for (const { code } of refusals) metrics.count('hcc_attestation_refusals_total', { of, code });
  };
