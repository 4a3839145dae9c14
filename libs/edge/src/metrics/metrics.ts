import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type MetricDefinition, type MetricName, metricCatalogue } from './catalogue.ts';

type Catalogue = typeof metricCatalogue;
type Named<Type extends MetricDefinition['type']> = {
  [Name in MetricName]: Catalogue[Name]['type'] extends Type ? Name : never;
}[MetricName];
type LabelsOf<Name extends MetricName> = Readonly<Record<Catalogue[Name]['labels'][number], string>>;

export type Sample<Name extends MetricName> = { readonly labels: LabelsOf<Name>; readonly value: number };

/** This process's figures. Each metric has its entry in the catalogue, with the labels that it must be given. */
export type Metrics = {
  count<Name extends Named<'counter'>>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  observe<Name extends Named<'histogram'>>(name: Name, labels: LabelsOf<Name>, value: number): void;
  /** Starts a clock; call what it returns when the work has ended. */
  time<Name extends Named<'histogram'>>(name: Name): (labels: LabelsOf<Name>) => void;
  /** A gauge is read when somebody asks. One that cannot be read then is left out, and counted. */
  gauge<Name extends Named<'gauge'>>(
    name: Name,
    read: () => Iterable<Sample<Name>> | Promise<Iterable<Sample<Name>>>,
  ): void;
  /** Everything in the Prometheus text format. */
  text(): Promise<string>;
  readonly contentType: string;
};

/** Figures of a new process: counters at zero, nothing read yet. */
export const createMetrics = (): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  for (const [name, { type, help, labels, buckets = [] }] of Object.entries<MetricDefinition>(metricCatalogue)) {
    const described = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') counters.set(name, new Counter(described));
    if (type === 'histogram') histograms.set(name, new Histogram({ ...described, buckets: [...buckets] }));
  }
  const count: Metrics['count'] = (name, labels, by = 1) => counters.get(name)?.inc(labels, by);

  return {
    count,
    observe: (name, labels, value) => histograms.get(name)?.observe(labels, value),
    time: (name) => {
      const end = histograms.get(name)?.startTimer();
      return (labels) => void end?.(labels);
    },
    gauge: (name, read) => {
      const { help, labels }: MetricDefinition = metricCatalogue[name];
      const gauge = new Gauge({
        ...{ name, help, labelNames: [...labels], registers: [registry] },
        collect: async () => {
          gauge.reset();
          try {
            for (const sample of await read()) gauge.set(sample.labels, sample.value);
          } catch {
            count('hcc_metrics_failures_total', { metric: name });
          }
        },
      });
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
};
