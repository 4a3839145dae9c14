/** Bounds of the command line tool. Each number carries the reason it has. */
export const limits = {
  /** Any answer of the API that is not a stream; a read may wait 5 s for its read model, and a loaded host is slow. */
  requestTimeoutMs: 20_000,
  /** The largest honest answer is a page of 1,000 events, about 1 MB. */
  responseBytesMax: 16 * 1024 * 1024,
  /** One event is at most 256 KiB of data and its envelope. */
  sseLineBytesMax: 1024 * 1024,
  /** All lines of one message; a server that never ends one would fill our memory. */
  sseMessageBytesMax: 2 * 1024 * 1024,
  /** Heartbeats come far more often; a stream this silent is dead and is opened again. */
  sseSilenceMs: 60_000,
  /** First pause before a broken stream is opened again; doubles up to the second number. */
  reconnectMs: 250,
  reconnectMsMax: 4_000,
  /** A broken stream is given up after this long without one byte: a restart of the orchestrator takes seconds. */
  reconnectForMs: 120_000,
  /** Rows of one page of a list: the API's own most. */
  pageRowsMax: 1_000,
  /** Events of one page of a story. */
  pageEventsMax: 1_000,
  /** Pages of one story: as many as a stream may hold (100,000 events). */
  pagesMax: 100,
  /** Other streams a story looks into for causes, and pages of each: an explanation must not cost more than the story. */
  neighboursMax: 64,
  neighbourPagesMax: 5,
  /** How long a command that shows a timeline waits; the work itself goes on. */
  waitMs: 15 * 60_000,
  /** A backup of hundreds of gigabytes; as long as the network itself waits for one. */
  backupWaitMs: 12 * 3_600_000,
  /** How often a wait without events says that it goes on. */
  meanwhileEveryMs: 5_000,
  /** How long a retry of parked events is waited for; the consumer goes on with it. */
  parkedAnswerMs: 30_000,
  /** Rows of an audit when none are asked for: what a person reads at once. */
  auditRows: 100,
  /** Rows of a list when nobody says: more than a person reads, less than a page of the API. */
  listRows: 500,
  /** How often `--watch` asks again when nobody says, and the log cannot be followed. */
  watchEveryMs: 2_000,
  /** The same while it is followed: ages grow, and a miner's beats are in no log. */
  watchFollowedMs: 10_000,
  /** Events come in bursts, and the read model is a moment behind them: one answer soon, and one when it has surely come. */
  watchSettleMs: 150,
  watchSurelyMs: 1_000,
  /** A guest under emulation takes new SSH keys within a second or two; one that cannot never will. */
  keysTakenMs: 20_000,
  /** Candidates listed for an ambiguous prefix. */
  candidatesShownMax: 10,
  /** Token and state files are a few hundred bytes; anything bigger is not one of ours. */
  smallFileBytesMax: 64 * 1024,
  /** What one look at a console asks for: all that the API gives. */
  consoleBytes: 64 * 1024,
  /** How often a followed console is asked for more. */
  consoleFollowMs: 1_000,
  /** A doctor's check that says nothing for this long has failed. */
  checkTimeoutMs: 15_000,

  /** `up`: a child that is not ready and says nothing new for so long is reported with its last lines. */
  childReadyMs: 60_000,
  /** How often something that is not ready yet is looked at again. */
  pollMs: 150,
  /** A step that lasts longer says that it still runs, and again in growing pauses, at most the second number. */
  progressEveryMs: 2_000,
  progressEveryMsMax: 30_000,
  /** First pause before a child that died is started again; doubles up to the second number. */
  restartMs: 250,
  restartMsMax: 8_000,
  /** Restarts within the window; one more means that starting it again does not help. */
  restartsMax: 8,
  restartWindowMs: 5 * 60_000,
  /** A miner stops its VMs by ACPI; the domain gives each two minutes, then they are ended. */
  minerStopMs: 150_000,
  /** The orchestrator finishes its requests and writes its checkpoints. */
  childStopMs: 20_000,
  /** npm passes a terminal's Ctrl-C on a second time; only a later one is a person who insists. */
  secondCtrlCMs: 800,
  /** Lines of a dead child's log that are shown. */
  logLinesShown: 5,
  /** A log longer than this is set aside before its program starts again; one older copy is kept. */
  logBytesMax: 16 * 1024 * 1024,
  /** What of the end of a log is read for that. */
  logTailBytes: 16 * 1024,
  /** Longest boot we wait for in `up`: image fetch, placement and a boot under emulation on a loaded host. */
  vmRunningMs: 8 * 60_000,
  /** A port that accepts but says no SSH banner is asked again, up to this long. */
  sshBannerMs: 90_000,
  /** `uname -a` on a guest under emulation, login included. */
  sshCommandMs: 90_000,
  sshOutputBytesMax: 64 * 1024,
  /** One attempt at a banner; a guest under emulation may be slow to answer. */
  sshConnectMs: 5_000,
  /** A login may meet an ssh server that has its port but not its keys yet. */
  sshAttemptsMax: 4,
  /** To a miner's first verdict: a boot of HCCAM under emulation beside that of a VM, and a second look after a refusal. */
  attestedMs: 180_000,
  /** How often that is looked for. */
  attestedPollMs: 1_000,
  /** An invitation that nobody used is worth nothing the next day. */
  invitationMs: 24 * 60 * 60_000,
  /** VM processes that one host of a local cluster may be asked for at most. */
  minersMax: 8,
  /** A shorter key could be guessed. */
  keyFileBytesMin: 16,
  /** A key, not a file used as one. */
  keyFileBytesMax: 64 * 1024,
  /** What cryptsetup takes at least; memory is what makes guessing dear. */
  luksIterations: 4,
  /** Read at once from a disk that is encrypted. */
  diskReadBytes: 1024 * 1024,
} as const;
