/** An instant: milliseconds since 1970-01-01T00:00:00Z. Stored as ISO 8601 text; a number inside, so that it can be compared. */
export type UnixMs = number;

export const secondMs = 1_000;
export const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;

/** `2026-01-31T12:00:00.000Z`: for sentences. */
export const formatInstant = (at: UnixMs): string => new Date(at).toISOString();
