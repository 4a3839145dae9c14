import { explainRefusal, refusalCodes } from '#attestation';

/** `evidence-refusals.md`: every code that a verification of evidence may give. */
export const evidenceRefusalsPage = (): string => {
  const rows = refusalCodes.map((code) => {
    const { title, fix, doesNotProve } = explainRefusal(code);
    return `| \`${code}\` | ${[title, fix, doesNotProve].map(cellOf).join(' | ')} |`;
  });
  return `${intro}\n${rows.join('\n')}\n`;
};

/** A bar would end the cell. */
const cellOf = (text: string): string => text.replaceAll('|', '\\|');

const intro = `# Refusals of evidence

Every check of a report, a quote, a measurement list or a launch that failed has one of these codes, with the observed and the wanted value
beside it: in \`hcc attest verify\`, in the verdict a miner gets, in the event of the appraisal. Codes are stable. The last column says what must not be
concluded, from the refusal or from its absence.

| code | meaning | fix | what it does not prove |
| --- | --- | --- | --- |`;
