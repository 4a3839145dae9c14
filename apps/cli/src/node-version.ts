/** The oldest Node that runs us: the SQLite binding we use crashes without a word on Node 20. */
export const nodeMajorMin = 24;

/** What to tell somebody whose Node is too old; `null` when it will do. Imports nothing, so that it runs anywhere. */
export const nodeRefusal = (version: string): string | null => {
  const major = Number(version.split('.')[0]);
  if (major >= nodeMajorMin) return null;
  return [
    `hcc: this Node is too old.`,
    `  observed ${version}, wanted ${nodeMajorMin} or newer`,
    `  fix: run it through npm ("npm start", "npm run hcc -- ..."), which uses the Node this project pins`,
    '',
  ].join('\n');
};
