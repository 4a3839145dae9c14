import type { StreamName } from './envelope.ts';

/** Every stream category there is. Each has exactly one writer: `appraisal` is the attestor's, all others the orchestrator's. */
export const categories = [
  ...(['vm', 'account', 'miner', 'image', 'flavor', 'parked'] as const),
  ...(['appraisal', 'device', 'policy', 'network'] as const),
] as const;
export type Category = (typeof categories)[number];

const byName: ReadonlyMap<string, Category> = new Map(categories.map((name) => [name, name]));

const STREAM = /^(vm|account|miner|image|flavor|parked|appraisal|device|policy|network)-[a-z0-9][a-z0-9-]{0,99}$/;

/** `vm-<id>` and its like. The id is trusted here; doors use {@link parseStreamName}. */
export const streamName = (category: Category, id: string): StreamName => `${category}-${id}` as StreamName;

/** A stream name from outside; `null` when it is not one. */
export const parseStreamName = (text: string): StreamName | null => (STREAM.test(text) ? (text as StreamName) : null);

/** `vm` of `vm-<id>`. */
export const categoryOf = (stream: StreamName): Category => {
  // No category has a hyphen in its name.
  const category = byName.get(stream.slice(0, stream.indexOf('-')));
  if (category === undefined) throw new Error(`BUG: stream ${stream} has no known category`);
  return category;
};

/** `<id>` of `vm-<id>`. */
export const idOf = (stream: StreamName): string => stream.slice(categoryOf(stream).length + 1);
