import { hourMs, minuteMs } from '../values/time.ts';

/** An account answers in milliseconds; a minute of silence means the admission process is not running. */
export const admissionDeadlineMs = minuteMs;
/** Long enough for a host to come back, short enough that an owner hears of it the same coffee break. */
export const placementDeadlineMs = 10 * minuteMs;
/** Our own stream answers a reservation; a minute of silence means the placement process is not running. */
export const reservationDeadlineMs = minuteMs;
/** Image fetch plus a boot under emulation on a loaded host. */
export const bootDeadlineMs = 5 * minuteMs;
/** A challenge, an appraisal and a release take seconds; five minutes of waiting mean that a part of it is not there. */
export const keyDeadlineMs = 5 * minuteMs;
/** How old an appraisal may be that a key is released for: the guest asks at once, so what is older was kept. */
export const releaseAppraisalAgeMaxMs = minuteMs;
/** ACPI power-off first; the miner ends QEMU when this has passed. */
export const stopDeadlineMs = 2 * minuteMs;
/** A volume of hundreds of gigabytes over a slow line; the miner says earlier when it cannot. */
export const backupDeadlineMs = 12 * hourMs;
/** Two months of daily ones: a further one takes the place of the oldest. The VM's spec names each. */
export const backupsMax = 64;
/** A stop, then the removal of a disk. */
export const removalDeadlineMs = 10 * minuteMs;
/** How long a VM stays `lost` before its owner is asked to decide. Nothing is destroyed. */
export const lostDeadlineMs = 24 * hourMs;

/** Restarts that a crashing guest gets within the window; one more is `VmFailed` crash-loop. */
export const crashRestartsMax = 5;
export const crashWindowMs = 10 * minuteMs;
