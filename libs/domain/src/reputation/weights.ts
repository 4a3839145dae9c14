/** What all weights come to: settlement takes 16 bits. */
export const weightTotal = 65_535;

/**
 * Shares scores out as whole weights that sum to exactly {@link weightTotal} (to 0 where nobody has a score). What rounding
 * leaves goes to the largest remainders, between equals to the lower id: the same scores give the same weights everywhere.
 * In the order of ids.
 */
export const weightsOf = (scores: ReadonlyMap<string, number>): ReadonlyMap<string, number> => {
  const sum = [...scores.values()].reduce((all, score) => all + score, 0);
  const inOrder = [...scores].sort(([a], [b]) => (a < b ? -1 : 1));
  if (sum === 0) return new Map(inOrder.map(([id]) => [id, 0]));
  const shares = inOrder.map(([id, score]) => ({
    id,
    weight: Math.floor((score * weightTotal) / sum),
    rest: (score * weightTotal) % sum,
  }));
  const left = weightTotal - shares.reduce((all, { weight }) => all + weight, 0);
  // Stable: between equal remainders the order of ids stays.
  const first = new Set(
    [...shares]
      .sort((a, b) => b.rest - a.rest)
      .slice(0, left)
      .map(({ id }) => id),
  );
  return new Map(shares.map(({ id, weight }) => [id, weight + (first.has(id) ? 1 : 0)]));
};
