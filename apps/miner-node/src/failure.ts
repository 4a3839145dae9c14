/** A failure as a report tells it: a code for programs, a sentence for people. */
export type Failure = { readonly code: string; readonly detail: string };

/** The code an error carries (`image-not-found`, `ENOSPC`), or the given one, and its sentence. */
export const failureOf = (error: unknown, otherwise: string): Failure => {
  if (!(error instanceof Error)) return { code: otherwise, detail: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : otherwise;
  return { code, detail: error.message };
};

/** A start of the agent that cannot succeed: the message is all a person needs, without a stack. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart';
}
