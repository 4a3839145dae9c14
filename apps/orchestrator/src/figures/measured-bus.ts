import type { Metrics } from '#edge';
import type { OrchestratorBus } from '#events';

/** The bus with what miners say counted. */
export const measuredBus = (bus: OrchestratorBus, metrics: Metrics): OrchestratorBus => ({
  ...bus,
  onBeat: (handle) =>
    bus.onBeat((minerId, at) => {
      metrics.count('hcc_beats_total', {});
      handle(minerId, at);
    }),
  onReport: (handle) =>
    bus.onReport((report, minerId) => {
      metrics.count('hcc_reports_total', { kind: 'vm' });
      return handle(report, minerId);
    }),
  onHost: (handle) =>
    bus.onHost((report, minerId) => {
      metrics.count('hcc_reports_total', { kind: 'host' });
      return handle(report, minerId);
    }),
});
