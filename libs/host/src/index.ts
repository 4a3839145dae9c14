export { type Env, ensurePrivateDir, type HccDirs, hccDirs, socketDirFor } from './dirs.ts';
export { errnoOf, HostError, type HostErrorCode, type HostErrorFacts, isHostError } from './errors.ts';
export { lastLines, type RunOptions, type RunResult, run } from './exec.ts';
export { freePort } from './free-port.ts';
export { withLock } from './lock.ts';
export { type Progress, type Report, silent } from './report.ts';
export {
  type AptContext,
  type AptSource,
  aptCache,
  aptDownload,
  aptSourceFor,
  refreshedSource,
  unpackDeb,
} from './tools/apt.ts';
export { type Tool, type ToolName, tools } from './tools/catalogue.ts';
export { type EnsureToolsOptions, ensureTools } from './tools/ensure-tools.ts';
export { type FoundTool, findTool, type MissingTool, requireTool, type ToolPlaces } from './tools/find-tool.ts';
export { isAtLeast, parseVersion, showVersion, type Version } from './tools/version.ts';
