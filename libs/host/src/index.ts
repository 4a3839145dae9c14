export { type Cgroups, type CgroupsFound, openCgroups } from './cgroup/open-cgroups.ts';
export { joinVmCgroup, readVmCgroup, removeVmCgroup, vmCgroup } from './cgroup/vm-cgroup.ts';
export { type Check, type Checked, type CheckStatus, checksExitCode, type Finding, runChecks } from './checks/check.ts';
export { type HostCheckOptions, hostChecks } from './checks/host-checks.ts';
export { nearestExisting } from './checks/nearest-existing.ts';
export { type NetworkPlaces, networkChecks } from './checks/network-checks.ts';
export { type ConsolePart, readConsole } from './console/console-log.ts';
export { type Env, ensurePrivateDir, type HccDirs, hccDirs, socketDirFor } from './dirs.ts';
export { renameDurably, syncDir, syncFile, writeFileDurably } from './durable-file.ts';
export { errnoOf, HostError, type HostErrorCode, type HostErrorFacts, isHostError } from './errors.ts';
export { lastLines, type RunOptions, type RunResult, run } from './exec.ts';
export { freePort } from './free-port.ts';
export { type GuestChannel, type GuestChannelEvent, openGuestChannel } from './guest/guest-channel.ts';
export { checkGuestAccess, type GuestAccess, type GuestMessage, keysDigest } from './guest/guest-messages.ts';
export { type GuestHostKey, parseHostKey } from './guest/host-key.ts';
export { type ImaListFile, readImaList } from './ima/kernel-list.ts';
export { binaryListEntries } from './ima/list-entries.ts';
export { measureOwnFiles, type OwnFilesOptions, type OwnList } from './ima/measure-own-files.ts';
export { LineSplitter, type SplitLines } from './lines.ts';
export { withLock } from './lock.ts';
export { readVmCounters, type VmCounters, type VmUsage } from './metering/vm-counters.ts';
export { hashFiles, minerProgramFiles } from './program-files.ts';
export { type Accelerator, type AcceleratorChoice, chooseAccelerator, probeAccelerator } from './qemu/accelerator.ts';
export { adoptQemu, killQemu } from './qemu/adopt-qemu.ts';
export { createOverlay, growDisk, removeDisk } from './qemu/disk.ts';
export { findSystemFirmware } from './qemu/firmware.ts';
export { type LaunchInputs, launchInputsOf, readLaunchInputs } from './qemu/launch-inputs.ts';
export { kernelCommandLine } from './qemu/machine-args.ts';
export { agentPortName, qemuArgs, type VmHardware, vmArgs } from './qemu/qemu-args.ts';
export {
  findQemuProcess,
  isAlive,
  killProcess,
  type ProcessIdentity,
  readStartTicks,
} from './qemu/qemu-process.ts';
export { QmpClient, type QmpEvent, type QmpListener } from './qemu/qmp-client.ts';
export { closeCgroup, type QemuExit, type RunningVm } from './qemu/running-vm.ts';
export { type SealedVmHardware, sealedDiskSerials, sealedVmArgs } from './qemu/sealed-vm-args.ts';
export type { SnpIdBlock, SnpLaunch } from './qemu/snp-args.ts';
export { readSnpCpu, type SnpCpu } from './qemu/snp-cpu.ts';
export { startQemu } from './qemu/start-qemu.ts';
export { killSystemVm, type SystemVm, startSystemVm } from './qemu/start-system-vm.ts';
export { type StopOutcome, stopQemu } from './qemu/stop-qemu.ts';
export { type SystemVmHardware, systemVmArgs } from './qemu/system-vm-args.ts';
export { type VmFiles, vmFiles } from './qemu/vm-files.ts';
export { type DiskLimits, type VmLimits, vmLimits } from './qemu/vm-limits.ts';
export { createVolume, demandSpace, growVolume, type VolumePlan } from './qemu/volume.ts';
export { type Progress, type Report, silent } from './report.ts';
export {
  type AptContext,
  type AptSource,
  aptCache,
  aptDownload,
  aptSourceFor,
  aptSourceLines,
  unpackDeb,
  withFreshLists,
} from './tools/apt.ts';
export { type Tool, type ToolName, tools } from './tools/catalogue.ts';
export { type EnsureToolsOptions, ensureTools } from './tools/ensure-tools.ts';
export { type FoundTool, findTool, type MissingTool, requireTool, type ToolPlaces } from './tools/find-tool.ts';
export { isAtLeast, parseVersion, showVersion, type Version } from './tools/version.ts';
export { type HostTpm, type HostTpmOptions, openHostTpm } from './tpm/host-tpm.ts';
export type { HostTpmAk, HostTpmEk, TpmKeyKind } from './tpm/tpm-keys.ts';
export type { HostPcrs, HostTpmQuote } from './tpm/tpm-registers.ts';
