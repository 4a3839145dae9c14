/** A copy of the map with one entry set. */
export const withEntry = <Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, value: Value): ReadonlyMap<Key, Value> =>
  new Map(map).set(key, value);

/** A copy of the map without one entry. */
export const withoutEntry = <Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): ReadonlyMap<Key, Value> => {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
};

/** A copy of the map with one entry put last. Beyond `entriesMax` the ones put longest ago leave. */
export const withRecent = <Key, Value>(
  map: ReadonlyMap<Key, Value>,
  key: Key,
  value: Value,
  entriesMax: number,
): ReadonlyMap<Key, Value> => {
  const copy = new Map(map);
  copy.delete(key);
  copy.set(key, value);
  for (const oldest of copy.keys()) {
    if (copy.size <= entriesMax) break;
    copy.delete(oldest);
  }
  return copy;
};
