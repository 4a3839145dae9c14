import type { MetricDefinition } from './catalogue.ts';

type Labels = Readonly<Record<string, string>>;

/** One metric that grows: what was counted or observed by labels, added up in place, and written when somebody asks. */
export type Tally = {
  /** Adds to a counter, or observes a value with a histogram. */
  add(labels: Labels, value: number): void;
  /** In the Prometheus text format, without a line break at its end. */
  text(): string;
};

/** One set of labels. `buckets` are not cumulative until they are written. */
type Series = { readonly labels: readonly string[]; readonly buckets: number[]; sum: number; count: number };

/**
 * Counters and histograms for what counts with every request: one look-up and some additions. The package that writes the
 * other figures checks, sorts and joins the labels anew each time.
 */
export const createTally = (name: string, { type, help, labels: names, buckets = [] }: MetricDefinition): Tally => {
  const series = new Map<string, Series>();
  const [first = ''] = names;

  const begin = (key: string, labels: Labels): Series => {
    const pairs = names.map((label) => `${label}="${escaped(labels[label] ?? '')}"`);
    const begun = { labels: pairs, buckets: buckets.map(() => 0), sum: 0, count: 0 };
    series.set(key, begun);
    return begun;
  };
  const keyOf = (labels: Labels): string => {
    let key = labels[first] ?? '';
    for (let at = 1; at < names.length; at += 1) key += `\n${labels[names[at] ?? '']}`;
    return key;
  };
  const linesOf = (one: Series): readonly string[] => {
    if (type === 'counter') return [`${name}${braced(one.labels)} ${one.sum}`];
    let below = 0;
    const within = buckets.map((bound, at) => {
      below += one.buckets[at] ?? 0;
      return `${name}_bucket${braced([`le="${bound}"`, ...one.labels])} ${below}`;
    });
    return [
      ...within,
      `${name}_bucket${braced(['le="+Inf"', ...one.labels])} ${one.count}`,
      `${name}_sum${braced(one.labels)} ${one.sum}`,
      `${name}_count${braced(one.labels)} ${one.count}`,
    ];
  };
  // What has no labels is there from the start: a rate over it must not begin with its first event.
  if (names.length === 0) begin('', {});

  return {
    add: (labels, value) => {
      const key = keyOf(labels);
      const one = series.get(key) ?? begin(key, labels);
      one.sum += value;
      one.count += 1;
      const at = buckets.findIndex((bound) => value <= bound);
      if (at !== -1) one.buckets[at] = (one.buckets[at] ?? 0) + 1;
    },
    text: () =>
      [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...[...series.values()].flatMap(linesOf)].join('\n'),
  };
};

const braced = (pairs: readonly string[]): string => (pairs.length === 0 ? '' : `{${pairs.join(',')}}`);

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
