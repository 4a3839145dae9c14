/** One line of progress for a person: which step, and what it does or why. */
export type Progress = { readonly step: string; readonly detail: string };

export type Report = (progress: Progress) => void;

/** A report nobody reads, for callers that show no progress. */
export const silent: Report = () => undefined;
