import { ensureTools, type FoundTool, hccDirs, isHostError, type Report, type ToolName, tools } from '#host';
import { buildTinyImage, isImageError } from '#images';

const help = `Usage: node dist/scripts/setup.js [--json] [--no-image]

Finds or gets the system tools HCC needs and builds the small VM image, each once.
Progress goes to stderr. --json prints one JSON value on stdout; --no-image stops after the tools.
`;

const needed: readonly ToolName[] = tools.filter((tool) => tool.provision.how !== 'system').map((tool) => tool.name);

const report: Report = ({ step, detail }) => {
  process.stderr.write(`${step.padEnd(20)} ${detail}\n`);
};

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(help);
    return 0;
  }
  const unknown = args.find((arg) => arg !== '--json' && arg !== '--no-image');
  if (unknown !== undefined) {
    process.stderr.write(`setup: unknown option ${unknown}\n${help}`);
    return 2;
  }
  const { cacheDir } = hccDirs(process.env, process.cwd());
  const json = args.includes('--json');
  try {
    const found = await ensureTools(needed, { report, cacheDir });
    const image = args.includes('--no-image') ? undefined : await buildTinyImage({ report, cacheDir });
    if (image !== undefined) report({ step: 'image', detail: `${image.manifest.name} in ${image.dir}` });
    if (json) process.stdout.write(`${JSON.stringify({ ok: true, tools: shown(found), image: image?.digest })}\n`);
    return 0;
  } catch (error) {
    if (!isHostError(error) && !isImageError(error)) throw error;
    process.stderr.write(`setup: ${error.message}\n`);
    if (json) process.stdout.write(`${JSON.stringify({ ok: false, error: { code: error.code, ...error.facts } })}\n`);
    return 1;
  }
}

function shown(found: readonly FoundTool[]): readonly { name: string; path: string; version: string | undefined }[] {
  return found.map((tool) => ({ name: tool.name, path: tool.path, version: tool.version?.join('.') }));
}
