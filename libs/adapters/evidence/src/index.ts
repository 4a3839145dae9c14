export {
  type EvidenceFilesOptions,
  type EvidencePlace,
  openEvidenceFiles,
  readEvidenceFiles,
} from './evidence-files.ts';
