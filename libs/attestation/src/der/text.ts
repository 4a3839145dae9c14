const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of a string in ASCII or UTF-8; `null` for bytes that are none. */
export const readText = (content: Uint8Array, ascii: boolean): string | null => {
  if (content.every(isAscii)) return Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1');
  if (ascii) return null;
  try {
    return utf8.decode(content);
  } catch {
    return null;
  }
};

const isAscii = (byte: number): boolean => byte < 0x80;
