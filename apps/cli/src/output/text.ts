/** Text from outside, safe to print: a miner or a guest must not move the cursor or recolour a person's screen.
 *  Control characters become `·`; `lines` keeps line breaks and tabs. */
export const safeText = (text: string, keep: 'line' | 'lines' = 'line'): string => {
  const controls = keep === 'lines' ? /[^\P{C}\n\t]/gu : /\p{C}/gu;
  return text.replace(keep === 'lines' ? /\r\n/g : /(?!)/g, '\n').replace(controls, '·');
};

/** The first eight characters of an id: enough to tell a person's VMs apart, and accepted wherever an id is. */
export const shortId = (id: string): string => id.slice(0, 8);

/** Enough of a stream's name for wherever a stream is asked for. */
export const shortStream = (stream: string): string => stream.replace(/^([a-z]+-[0-9a-f]{8})[0-9a-f-]*$/, '$1');

/** `1 GiB`, `256 MiB`: binary units, no false precision. */
export const bytesText = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const shown = Number.isInteger(amount) ? amount.toString() : amount.toFixed(1);
  return `${shown} ${units[unit] ?? 'B'}`;
};

/** `1 row`, `2 rows`. */
export const countText = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Quotes one word for a POSIX shell, only where it is needed: a printed command must work when it is pasted. */
export const shellWord = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
