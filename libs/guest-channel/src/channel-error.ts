/** Every way a frame or a message can be wrong. */
export type ChannelErrorCode = 'frame-too-large' | 'frame-empty' | 'frame-not-json' | 'message-unknown';

/** What came over the channel is not what the protocol allows. The message says what was observed and wanted. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  readonly code: ChannelErrorCode;

  constructor(code: ChannelErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
