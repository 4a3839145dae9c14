/** What a shell learns: 0 ok, 1 it ran and the answer is bad, 2 it was asked wrongly, 3 nobody could be reached. */
export const exitCodes = { ok: 0, bad: 1, usage: 2, unreachable: 3 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export type CliErrorFacts = {
  readonly observed?: string | undefined;
  readonly wanted?: string | undefined;
  readonly fix?: string | undefined;
  /** Lines that help beside the three: candidates of a prefix, the end of a log. */
  readonly more?: readonly string[] | undefined;
  /** What a program gets beside them, with --json. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
};

/** A failure that a person reads: one line what, one line observed and wanted, one line fix. `code` is for programs. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly facts: CliErrorFacts;

  constructor(exitCode: ExitCode, code: string, message: string, facts: CliErrorFacts = {}) {
    super(message, { cause: facts.cause });
    this.exitCode = exitCode;
    this.code = code;
    this.facts = facts;
  }
}

/** It was asked wrongly: exit 2. */
export const usageError = (code: string, message: string, facts: CliErrorFacts = {}): CliError =>
  new CliError(exitCodes.usage, code, message, facts);

/** It ran, and the answer is bad: exit 1. */
export const badAnswer = (code: string, message: string, facts: CliErrorFacts = {}): CliError =>
  new CliError(exitCodes.bad, code, message, facts);

/** Nobody answered: exit 3. */
export const unreachableError = (code: string, message: string, facts: CliErrorFacts = {}): CliError =>
  new CliError(exitCodes.unreachable, code, message, facts);
