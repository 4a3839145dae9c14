import { gibibyte, hourMs, mebibyte, minuteMs, secondMs } from '#domain';

/** Each bound of the miner agent, with the reason it has. */
export const limits = {
  /** A beat is a few bytes on core NATS; a miner counts as lost after many missed ones, never after one. */
  beatIntervalMs: 2 * secondMs,
  /** Everything is reported whole this often, so that a lost report costs at most this. */
  reportIntervalMs: 30 * secondMs,
  /** A report that the bus did not take is tried again after this. */
  reportRetryMs: 2 * secondMs,
  /** How long a stopping agent waits for its last reports to be taken. */
  flushMs: 5 * secondMs,
  /** Starts of one boot while QEMU never ran: enough for a port taken or an image still being fetched. */
  startAttemptsMax: 5,
  /** First pause between those; doubles each time (1 s, 2 s, 4 s, 8 s). */
  startRetryMs: 1 * secondMs,
  /** A guest that is still booting does not listen to the power button yet, so it is pressed again. */
  powerPressRepeatMs: 2 * secondMs,
  /** A VM that is about to be removed may say goodbye, but nothing of its disk needs saving. */
  removalStopMs: 15 * secondMs,
  /** A stopping host gives its VMs this long before it ends them: a guest needs 2-3 s, and an orderly stop has 25 s in all. */
  hostStopMs: 15 * secondMs,
  /** And this long for what follows: QEMU's end and the last writes. */
  hostStopMarginMs: 3 * secondMs,
  /** Tries of a failing step (a full disk, say) go on for ever, this far apart. */
  stepRetryMs: 5 * secondMs,
  /** Steps one pass may take: prepare, launch, stop, remove and some room. More is a bug, and is said. */
  stepsMax: 16,
  /** A removed VM is remembered for this long, so that late copies of older specs cannot make it again. */
  removedKeptMs: 10 * minuteMs,
  /** The orchestrator is asked again and again to deliver all specs; the pause doubles up to the second figure. */
  syncRetryMs: 1 * secondMs,
  syncRetryMaxMs: 15 * secondMs,
  /** A bus that stays away this long may have moved: the agent ends, and its next start asks where it is. VMs go on. */
  connectMs: hourMs,
  /** The same for enrolment over HTTP. */
  enrolRetryMs: 1 * secondMs,
  enrolRetryMaxMs: 15 * secondMs,
  enrolTimeoutMs: 10 * secondMs,
  /** An enrolment answers a JWT and some addresses: 2 KiB in practice. */
  enrolAnswerBytesMax: 64 * 1024,
  /** A renewal that failed is tried again after this; there is half a pass's life for it. */
  renewRetryMs: minuteMs,
  /** Credentials with less life than this are replaced by a new enrolment at start. */
  credentialsMarginMs: 10 * minuteMs,
  /** One vm.json is about 1 KiB, plus up to 64 SSH keys of 4 KiB. */
  recordBytesMax: 512 * 1024,
  /** One usage.json is under 1 KiB. */
  ledgerBytesMax: 16 * 1024,
  /** How often every VM's counters are written down: what the last moments of a boot used is never counted, in the
   *  owner's favour, and is at most this long. */
  meterIntervalMs: 30 * secondMs,
  /** How often the whole host is looked at again: a second of work, and a disk takes longer than that to fill. */
  hostCheckMs: 10 * minuteMs,
  /** And while a check fails, so that one that was mended, or a bus that is back, is soon told. */
  hostCheckFailingMs: minuteMs,
  /** A report takes this many checks and characters of each text; there are about thirty checks. */
  checksReportedMax: 64,
  checkTextCharactersMax: 200,
  /** What is read of QEMU's own log to explain its end. */
  qemuLogTailBytes: 2 * 1024,
  /** Detail of an observation, within the 2,000 characters its schema allows. */
  detailCharactersMax: 1_500,
  /** Kept for the host itself when nobody says what it offers. */
  hostReserveMemoryBytes: 512 * mebibyte,
  hostReserveDiskBytes: 2 * gibibyte,
  /** A VM whose image is being fetched asks again so often: it costs a look, and a small image takes a second. */
  imagePollMs: 500,
  /** Fetches that failed and were not asked about since, each an error and a digest. */
  imageFailuresMax: 64,
  /** Images that no VM here may boot again, kept for the next one that does: some thirty boot images, or two of a Debian. */
  cacheSpareBytesMax: 4 * gibibyte,
  /** What volumes are cut into: one changed sector sends this much, and a list has a line for each. */
  backupPieceBytes: 4 * mebibyte,
  /** What another build may have cut them into. */
  backupPieceBytesMax: 16 * mebibyte,
  /** 3.6 TiB of volume, so that a list fits into one piece of a store (64 MiB, 67 bytes a line). */
  backupPiecesMax: 950_000,
  /** What is told of a store to whoever wants something restored: its address or path. */
  storeNameCharactersMax: 500,
  /** Pieces on their way at once: as many buffers are held, whatever a volume has. */
  backupAtOnce: 4,
  /** How often one request to the store is tried; the first pause doubles each time (a minute in all). */
  backupAttemptsMax: 7,
  backupRetryMs: 1 * secondMs,
  /** Removals at once, and for how long: no longer than the silence after which a miner is lost. Only then may its VM be
   *  restored, booted, stopped and backed up from elsewhere, with pieces that this one does not know of. */
  sweepAtOnce: 16,
  sweepMs: 20 * secondMs,
  /** Boots in 4 to 8 s under emulation; a machine with more to do than processors takes a minute. */
  hccamBootMs: 3 * minuteMs,
  /** A round is a quote, a list and a report: 2 s under emulation. */
  hccamRoundMs: 2 * minuteMs,
  /** QEMU makes its sockets 50 to 200 ms after it starts. */
  portPollMs: 25,
  /** A whole measurement list, as base64, that HCCAM has not read yet. */
  hccamUnreadBytesMax: 128 * mebibyte,
  /** A sealed answer is at most 128 KiB; a guest that lets more than a few wait reads nothing. */
  guestUnreadBytesMax: mebibyte,
  /** A guest sends about twenty messages per boot, and one a second while it waits. */
  guestFramesPerSecondMax: 50,
  /** How long until the host connects again to a port of a guest that went away. */
  guestReconnectMs: 200,
  /** A guest that broke a rule is not listened to for this long; doubles up to the second figure. What follows a
   *  restart of the agent may be the rest of a message that the one before began to read. */
  guestPenaltyMs: 500,
  guestPenaltyMaxMs: 30 * secondMs,
  /** What a guest asks at one time: it goes step by step, and may repeat itself. */
  guestAsksAtOnceMax: 2,
  /** What a guest may ask at once, and from then on one each so often: a boot asks six times, a waiting one each second. */
  guestAskBurst: 12,
  guestAskEveryMs: 500,
  /** When a guest is told to ask again because nobody answered; doubles up to the second figure. */
  guestRetryMs: 1 * secondMs,
  guestRetryMaxMs: 15 * secondMs,
  /** How long the end of a QEMU waits for its guest's last words to be read. */
  guestDrainMs: 1 * secondMs,
  /** Between the end of a port and the end of its QEMU. */
  hccamPortGraceMs: 2 * secondMs,
  /** An attestation that failed is tried again after this; doubles up to the second figure. */
  attestRetryMs: 5 * secondMs,
  attestRetryMaxMs: 5 * minuteMs,
  /** Whatever a verifier says, it is asked again no earlier than this, and no later. */
  attestWaitMinMs: 1 * secondMs,
  attestWaitMaxMs: hourMs,
  /** Entries of a measurement list that still fit into the message of the evidence, as base64 beside the rest of it. */
  imaInlineBytesMax: 256 * 1024,
  /** And each part of a longer one. */
  imaPartBytesMax: 512 * 1024,
} as const;
