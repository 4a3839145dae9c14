/** A failure as a report tells it: a code for programs, a sentence for people. */
export type Failure = { readonly code: string; readonly detail: string };

/** What a VM waits for when its image is being fetched: its start has not failed. */
export const imageOnItsWay = 'image-on-its-way';

/** The code an error carries (`image-not-found`, `ENOSPC`), or the given one, and its sentence. */
export const failureOf = (error: unknown, otherwise: string): Failure => {
  if (!(error instanceof Error)) return { code: otherwise, detail: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : otherwise;
  return { code, detail: error.message };
};

/** A failure in the form a guest takes: a kebab-case code and a bounded sentence. Pure. */
export const wordsOf = (error: unknown): { readonly code: string; readonly words: string } => {
  const { code, detail } = failureOf(error, 'host-failed');
  const kebab = code.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return { code: kebab.slice(0, 64) || 'host-failed', words: detail.slice(0, 900) || 'no words' };
};

/** A start of the agent that cannot succeed: the message is all a person needs, without a stack. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart';
}
