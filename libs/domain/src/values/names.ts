import { Refusal } from '../errors.ts';

/** A host name label (RFC 1123) is at most 63 octets; the names of VMs and miners become one. */
export const hostNameLengthMax = 63;

const HOST_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
/** Control, format (bidirectional overrides), surrogate and line separator characters: they forge what a screen or log shows. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const SHOWN_LENGTH_MAX = 80;

/** Refuses `invalid-name` unless `name` is a host name label. `what` names the thing in the sentence. */
export const assertHostName = (what: string, name: string): void => {
  if (name.length <= hostNameLengthMax && HOST_NAME.test(name)) return;
  throw new Refusal(
    'invalid-name',
    `${what} name ${shown(name)} is not a host name label; use 1 to ${hostNameLengthMax} of a-z, 0-9 and -, not - at an end`,
  );
};

/** Refuses `invalid-name` unless `text` is printable and `lengthMin` to `lengthMax` characters long. */
export const assertText = (what: string, text: string, lengthMin: number, lengthMax: number): void => {
  if (text.length >= lengthMin && text.length <= lengthMax && isPrintable(text)) return;
  throw new Refusal(
    'invalid-name',
    `${what} ${shown(text)} (${text.length} characters) cannot be kept; use ${lengthMin} to ${lengthMax} printable characters on one line`,
  );
};

/** Whether a text shows as what it is: no control, direction-changing or line-breaking character. */
export const isPrintable = (text: string): boolean => !UNPRINTABLE.test(text);

const shown = (text: string): string => JSON.stringify(text.slice(0, SHOWN_LENGTH_MAX));
