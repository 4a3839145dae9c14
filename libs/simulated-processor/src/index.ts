import type { SimulatedProcessor } from '#attestation';
import { firmwareDigest, launchDigest } from './launch.ts';
import { signReport } from './report.ts';
import { generateRootKeys, makeRoot, readRoot, writeRoot } from './root.ts';
import { chipIdOf, generateChipKey, issueRevocationList, issueVcek } from './vcek.ts';

/** The simulated secure processor. Loaded at run time by simulated networks only: no production build has this file. */
export const simulatedProcessor: SimulatedProcessor = {
  ...{ generateRootKeys, makeRoot, writeRoot, readRoot },
  ...{ chipIdOf, issueVcek, issueRevocationList, generateChipKey },
  ...{ signReport, launchDigest, firmwareDigest },
};
