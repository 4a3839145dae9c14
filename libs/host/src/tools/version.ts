/** A version as numbers, most significant first. */
export type Version = readonly number[];

/** Reads the first dotted number in a program's own words: `nats-server: v2.10.27` gives [2, 10, 27].
 *  Undefined when there is none. */
export function parseVersion(text: string): Version | undefined {
  const found = /\d+(?:\.\d+)+/.exec(text);
  return found === null ? undefined : found[0].split('.').slice(0, 4).map(Number);
}

/** True when `version` is `least` or newer; a missing number counts as 0. */
export function isAtLeast(version: Version, least: Version): boolean {
  const length = Math.max(version.length, least.length);
  for (let index = 0; index < length; index += 1) {
    const difference = (version[index] ?? 0) - (least[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

export function showVersion(version: Version): string {
  return version.join('.');
}
