/**
 * Domain state as text and back: JSON, with bigints, maps and sets marked. Only for rows of a disposable file, whose
 * schema version changes when a state does.
 */
export const stateToText = (state: unknown): string =>
  JSON.stringify(state, (_key, value: unknown) => {
    if (typeof value === 'bigint') return { $bigint: value.toString() };
    if (value instanceof Map) return { $map: [...value] };
    if (value instanceof Set) return { $set: [...value] };
    return value;
  });

/** What {@link stateToText} wrote. The caller names the type that it gave. */
export const textToState = <State>(text: string): State =>
  JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$bigint' in value) return BigInt(String(value.$bigint));
    if ('$map' in value && Array.isArray(value.$map)) return new Map(value.$map);
    if ('$set' in value && Array.isArray(value.$set)) return new Set(value.$set);
    return value;
  }) as State;
