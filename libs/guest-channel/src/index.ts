export {
  attestPortName,
  type GuestEvidence,
  type GuestMessage,
  type HostMessage,
  type HostQuote,
  parseGuestMessage,
  parseHostMessage,
  quotedPcrs,
} from './attest-messages.ts';
export { ChannelError, type ChannelErrorCode } from './channel-error.ts';
export { encodeFrame, FrameDecoder } from './frames.ts';
export {
  type GuestAsk,
  type GuestStage,
  guestAsks,
  guestPortName,
  guestStages,
  parseVmGuestMessage,
  parseVmHostMessage,
  type VmGuestMessage,
  type VmHostMessage,
} from './guest-messages.ts';
export { limits as channelLimits } from './limits.ts';
export {
  type ProcessorAnswer,
  type ProcessorRequest,
  parseProcessorAnswer,
  parseProcessorRequest,
  processorPortName,
} from './processor-messages.ts';
