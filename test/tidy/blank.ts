/** Blanks what is no code: comments, and what stands inside strings and regular expressions. Lines keep their numbers. */
export const blankText = (text: string): string => {
  let code = '';
  let at = 0;
  /** Depth of braces inside each open `${`, so that the template goes on after the right one. */
  const templates: number[] = [];
  const blank = (end: number): void => {
    code += text.slice(at, end).replace(/[^\n]/g, ' ');
    at = end;
  };
  while (at < text.length) {
    const two = text.slice(at, at + 2);
    const one = text.charAt(at);
    if (two === '//') blank(endOf(text, at, /\n|$/g, 0));
    else if (two === '/*') blank(endOf(text, at + 2, /\*\/|$/g, 2));
    else if (one === "'" || one === '"') {
      code += one;
      at += 1;
      blank(endOfQuoted(text, at, one));
      code += text.charAt(at);
      at += 1;
    } else if (one === '`' || (one === '}' && templates.at(-1) === 0)) {
      if (one === '}') templates.pop();
      code += one === '`' ? '`' : ' ';
      at += 1;
      const end = endOfTemplate(text, at);
      blank(end);
      if (text.charAt(end) === '$') {
        templates.push(0);
        blank(end + 2);
      } else {
        code += '`';
        at += 1;
      }
    } else if (one === '/' && startsRegex(code)) blank(endOfRegex(text, at + 1));
    else {
      const depth = templates.pop();
      if (depth !== undefined) templates.push(depth + (one === '{' ? 1 : one === '}' ? -1 : 0));
      code += one;
      at += 1;
    }
  }
  return code;
};

const endOf = (text: string, from: number, pattern: RegExp, include: number): number => {
  pattern.lastIndex = from;
  const found = pattern.exec(text);
  return found === null ? text.length : Math.min(found.index + include, text.length);
};

const endOfQuoted = (text: string, from: number, quote: string): number => {
  let at = from;
  while (at < text.length && text.charAt(at) !== quote && text.charAt(at) !== '\n') {
    at += text.charAt(at) === '\\' ? 2 : 1;
  }
  return at;
};

const endOfTemplate = (text: string, from: number): number => {
  let at = from;
  while (at < text.length && text.charAt(at) !== '`' && text.slice(at, at + 2) !== '${') {
    at += text.charAt(at) === '\\' ? 2 : 1;
  }
  return at;
};

const endOfRegex = (text: string, from: number): number => {
  let at = from;
  let inClass = false;
  while (at < text.length && text.charAt(at) !== '\n') {
    const one = text.charAt(at);
    if (one === '\\') at += 1;
    else if (one === '[') inClass = true;
    else if (one === ']') inClass = false;
    else if (one === '/' && !inClass) return at + 1;
    at += 1;
  }
  return at;
};

/** A slash where no value ended before it begins a regular expression. */
const startsRegex = (code: string): boolean =>
  /(^|[([{,;:=!&|?+<>~%^*-]|=>|\breturn|\btypeof|\bcase)\s*$/.test(code.slice(-40));
