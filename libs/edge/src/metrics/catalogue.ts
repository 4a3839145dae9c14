/** What one metric means. Labels take few values by construction: kinds, states, codes and routes, never an id. */
export type MetricDefinition = {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper ends of a histogram's buckets, in its own unit (seconds). */
  readonly buckets?: readonly number[];
};

/** From a group commit on a good disk to a request that has hung. */
const fast = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** From a second to a day: how long VMs stay in a state. */
const slow = [1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400];

/** Every metric of ours. `docs/reference/metrics.md` is made from it; dashboards and alerts may name nothing else. */
export const metricCatalogue = {
  hcc_build_info: { type: 'gauge', help: 'Always 1; the version that runs', labels: ['version'] },
  hcc_ready: { type: 'gauge', help: '1 when /readyz says ready', labels: [] },
  hcc_lease_held: { type: 'gauge', help: '1 in the replica that runs processes, relay and timers', labels: [] },
  hcc_bus_connected: { type: 'gauge', help: '1 while there is a connection to NATS', labels: [] },
  hcc_event_append_seconds: {
    type: 'histogram',
    help: 'Time of an append until it was durable or refused',
    labels: ['outcome'],
    buckets: fast,
  },
  hcc_events_appended_total: { type: 'counter', help: 'Events appended by this process', labels: ['category'] },
  hcc_commands_total: {
    type: 'counter',
    help: 'Commands given at the door by what they came to: done, or the code of the refusal',
    labels: ['aggregate', 'outcome'],
  },
  hcc_http_request_seconds: {
    type: 'histogram',
    help: 'Time of an HTTP request until its answer was sent',
    labels: ['method', 'route', 'status'],
    buckets: fast,
  },
  hcc_consumer_lag_events: {
    type: 'gauge',
    help: 'Recorded events that a consumer (projection, process, relay) has not handled; counts to 1000 and no further',
    labels: ['consumer'],
  },
  hcc_consumer_lag_seconds: {
    type: 'gauge',
    help: 'Age of the oldest event that a consumer has not handled; 0 when it is caught up',
    labels: ['consumer'],
  },
  hcc_consumer_stalled: { type: 'gauge', help: '1 while a consumer makes no progress', labels: ['consumer'] },
  hcc_parked_events: { type: 'gauge', help: 'Events a consumer could not handle and holds back', labels: ['consumer'] },
  hcc_parked_oldest_seconds: {
    type: 'gauge',
    help: 'Time since a consumer first failed on the oldest event that it holds back; 0 when there is none',
    labels: ['consumer'],
  },
  hcc_placements_total: {
    type: 'counter',
    help: 'Placement by outcome: placed, rejected by a miner (reason is its code), failed (each miner that said no, by reason)',
    labels: ['outcome', 'reason'],
  },
  hcc_miners: { type: 'gauge', help: 'Attached miners by state; told by the lease holder', labels: ['state'] },
  hcc_beats_total: { type: 'counter', help: 'Heartbeats heard', labels: [] },
  hcc_reports_total: { type: 'counter', help: 'Reports taken from the bus', labels: ['kind'] },
  hcc_vms: {
    type: 'gauge',
    help: 'VMs that are not gone, by observed state; told by the lease holder',
    labels: ['state'],
  },
  hcc_ledger_imbalance_credits: {
    type: 'gauge',
    help: 'Credits by which the open holds differ from all that was held and not given back; must be 0; told by the lease holder',
    labels: [],
  },
  hcc_vm_state_dwell_seconds: {
    type: 'histogram',
    help: 'How long a VM was in the observed state that it has just left',
    labels: ['state'],
    buckets: slow,
  },
  hcc_vm_command_to_observation_seconds: {
    type: 'histogram',
    help: 'Time from what an owner asked of a VM (VmRequested, VmStopRequested, …) until its miner first reported a change; told by the lease holder',
    labels: ['event'],
    buckets: slow,
  },
  hcc_scheduler_timers: { type: 'gauge', help: 'Timers that stand', labels: ['kind'] },
  hcc_scheduler_shared: {
    type: 'gauge',
    help: '0 while Redis cannot be reached and timers are called in process; 1 otherwise',
    labels: [],
  },
  hcc_scheduler_calls_total: { type: 'counter', help: 'Calls of timers', labels: ['kind', 'outcome'] },
  hcc_scheduler_late_seconds: {
    type: 'histogram',
    help: 'How long after its time a timer was called',
    labels: ['kind'],
    buckets: fast,
  },
  hcc_attestation_requests_total: {
    type: 'counter',
    help: 'Requests of attesters by what they came to: done, or the code of the refusal',
    labels: ['what', 'outcome'],
  },
  hcc_attestation_request_seconds: {
    type: 'histogram',
    help: 'Time of a request of an attester until its answer; of evidence, of the whole round: judged, kept, recorded',
    labels: ['what'],
    buckets: fast,
  },
  hcc_attestation_verdicts_total: {
    type: 'counter',
    help: 'Verdicts this attestor recorded, by tier',
    labels: ['tier'],
  },
  hcc_guest_verdicts_total: {
    type: 'counter',
    help: "Verdicts on owners' VMs that this attestor recorded, by tier",
    labels: ['tier'],
  },
  hcc_attestation_refusals_total: {
    type: 'counter',
    help: "Checks that did not pass in verdicts on hosts and on owners' VMs (of: host, guest), by the code of the refusal",
    labels: ['of', 'code'],
  },
  hcc_attestation_proof_age_seconds: {
    type: 'gauge',
    help: 'Time since the last affirming verdict of the miner for which that is longest, lost ones apart; since its agent came where it has none; told by each attestor',
    labels: [],
  },
  hcc_attesters: {
    type: 'gauge',
    help: 'Attesters by how they stand: awaited, or overdue; told by each attestor',
    labels: ['state'],
  },
  hcc_metrics_failures_total: {
    type: 'counter',
    help: 'Figures that could not be read for a scrape',
    labels: ['metric'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof metricCatalogue;

/** The catalogue as a page: what a person graphs by. */
export const metricsPage = (): string => {
  const rows = Object.entries<MetricDefinition>(metricCatalogue).map(
    ([name, { type, help, labels }]) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return [
    '# Metrics',
    '',
    'Made from `libs/edge/src/metrics/catalogue.ts` by `npm run docs:metrics`. `GET /metrics` on a port of its own (`HCC_METRICS_PORT`;',
    'loopback unless `HCC_METRICS_HOST` says otherwise; no port, no listener) answers in the Prometheus text format. Times are in seconds.',
    'Beside these there are the usual `process_*` and `nodejs_*` of prom-client.',
    '',
    '| metric | type | labels | what it says |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
};
