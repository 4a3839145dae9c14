export { acceptSpec, type Fence, newestKnown } from './accept-spec.ts';
export type { Copied, Copy, RestoreCopy } from './copy.ts';
export { type Exit, exitOf, type QemuExit } from './exit.ts';
export {
  type Boot,
  type DiskKind,
  diskKindOf,
  type LaunchedBoot,
  type LocalBoot,
  type LocalDisk,
  type LocalVm,
  launchedBoot,
} from './local-vm.ts';
export { type Facts, nextStep, type Step } from './next-step.ts';
export { observe } from './observe.ts';
