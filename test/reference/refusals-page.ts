import { problemFixes, problems } from '#edge';

/** `refusals.md`: every code a client may see. */
export const refusalsPage = (): string => {
  const fixes: Readonly<Record<string, string>> = problemFixes;
  const rows = Object.entries(problems)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { status, title }]) => `| \`${code}\` | ${status} | ${title} | ${fixes[code]} |`);
  return `${intro}\n${rows.join('\n')}\n`;
};

const intro = `# Refusals

Every "no" of the API is \`application/problem+json\` (RFC 9457) with one of these as its \`code\`. Codes are stable: branch on them, not
on sentences. \`detail\` names the thing, what was observed and what is wanted; \`fix\` says what to do.

| code | status | meaning | fix |
| --- | --- | --- | --- |`;
