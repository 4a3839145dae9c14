export { type EvidenceFilesOptions, openEvidenceFiles } from './evidence-files.ts';
