/** How long ago, in the one unit that matters: `12 s ago`. Times ahead of us read `in 12 s`. */
export const ageText = (at: number, now: number): string => {
  const ms = now - at;
  const span = spanText(Math.abs(ms));
  return ms < 0 ? `in ${span}` : `${span} ago`;
};

/** `NOT FOLLOWED since …`: that what is shown beside it is no longer what is so, and why. */
export const staleText = (
  stale: { readonly since: string; readonly eventType: string; readonly revision: string; readonly reason: string },
  now: number,
): string =>
  `NOT FOLLOWED since ${timeText(stale.since, now)}: ${stale.eventType} at revision ${stale.revision} cannot be handled, nothing after it is shown: ${stale.reason}`;

/** `850 ms`, `12 s`, `5 min`, `3 h`, `2 d`: rounded down. */
export const spanText = (ms: number): string => {
  if (ms < 1_000) return `${Math.floor(ms)} ms`;
  if (ms < 60_000) return `${Math.floor(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} d`;
};

/** `2026-01-31T12:00:00.000Z (12 s ago)`; `-` for a time that has not come. */
export const timeText = (iso: string | null, now: number): string =>
  iso === null ? '-' : `${iso} (${ageText(Date.parse(iso), now)})`;
