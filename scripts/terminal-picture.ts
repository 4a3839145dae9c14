import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';

// Draws what a terminal showed as an SVG, so that the README's picture is a run and not a drawing of one:
//   script -qec 'npm start -- --once' /dev/null | node dist/scripts/terminal-picture.js > docs/images/run.svg

const help = `usage: node dist/scripts/terminal-picture.js [--help] < terminal-output > picture.svg

Reads text with ANSI colours on stdin and writes an SVG on stdout. Lines that a progress line overwrote are left out,
and the home directory reads ~, so that the picture names nobody's machine.`;

const columnsMax = 168;
const linesMax = 200;
const charWidth = 8.4;
const lineHeight = 19;
const padding = 18;

const colours: Readonly<Record<number, string>> = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#76e3ea',
  90: '#8b949e',
};

type Style = { readonly colour: string; readonly bold: boolean; readonly dim: boolean };
const plain: Style = { colour: '#e6edf3', bold: false, dim: false };

const sgr = (style: Style, codes: readonly number[]): Style => {
  let { colour, bold, dim } = style;
  for (const code of codes) {
    if (code === 0) ({ colour, bold, dim } = plain);
    else if (code === 1) bold = true;
    else if (code === 2) dim = true;
    else if (code === 22) [bold, dim] = [false, false];
    else if (code === 39) colour = plain.colour;
    else colour = colours[code] ?? colour;
  }
  return { colour, bold, dim };
};

const escapeXml = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const esc = String.fromCharCode(27);
const eraseLine = new RegExp(`\\r|${esc}\\[2?K`);
const sequence = new RegExp(`(${esc}\\[[0-9;?]*[A-Za-z])`);

/** What stays of a line after carriage returns and "erase line". */
const settled = (line: string): string => line.replace(/\r+$/, '').split(eraseLine).at(-1) ?? '';

const span = (text: string, { colour, bold, dim }: Style): string =>
  `<tspan fill="${colour}"${bold ? ' font-weight="bold"' : ''}${dim ? ' fill-opacity="0.65"' : ''}>${escapeXml(text)}</tspan>`;

const drawLine = (line: string, index: number): string => {
  const parts = settled(line).split(sequence);
  const isLong = parts.reduce((sum, part) => sum + (part.startsWith(`${esc}[`) ? 0 : part.length), 0) > columnsMax;
  const columns = isLong ? columnsMax - 1 : columnsMax;
  let style = plain;
  let drawn = '';
  let column = 0;
  for (const part of parts) {
    if (part.startsWith(`${esc}[`)) {
      if (part.endsWith('m')) style = sgr(style, part.slice(2, -1).split(';').map(Number));
      continue;
    }
    const text = part.slice(0, columns - column);
    column += text.length;
    if (text !== '') drawn += span(text, style);
  }
  // What does not fit is not cut off in the middle of a word as if that were all.
  if (isLong) drawn += span('…', style);
  const y = padding + (index + 1) * lineHeight;
  return `<text x="${padding}" y="${y}" xml:space="preserve">${drawn}</text>`;
};

const picture = (text: string): string => {
  const lines = text.replace(/\n+$/, '').split('\n').slice(0, linesMax);
  const width = Math.ceil(padding * 2 + columnsMax * charWidth);
  const height = padding * 2 + lines.length * lineHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    `<g font-family="ui-monospace, 'DejaVu Sans Mono', monospace" font-size="14">`,
    ...lines.map(drawLine),
    '</g></svg>',
  ].join('\n');
};

if (process.argv.includes('--help')) process.stdout.write(`${help}\n`);
else process.stdout.write(`${picture(readFileSync(0, 'utf8').replaceAll(homedir(), '~'))}\n`);
