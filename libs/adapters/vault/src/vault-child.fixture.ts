import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

// A process that dies, as if the power went, before the n-th thing it asks of the file system.
// Bundled, then run: node child.mjs <n> <dir> <network> <create|destroy|rotate> <kek hex> [new kek hex]

const [nText = '', dir = '', networkId = '', what = '', kekHex = '', newHex = ''] = process.argv.slice(2);
let left = Number(nText);
const isCounting = { value: false };

const step = (): void => {
  if (!isCounting.value) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
};

const counted = <Args extends readonly unknown[], Result>(run: (...args: Args) => Promise<Result>) => {
  return (...args: Args): Promise<Result> => {
    step();
    return run(...args);
  };
};

const open = fs.open;
Object.assign(fs, {
  rename: counted(fs.rename),
  link: counted(fs.link),
  rm: counted(fs.rm),
  open: async (...args: Parameters<typeof open>) => {
    step();
    const file = await open(...args);
    const write = counted(file.write.bind(file));
    return Object.assign(file, {
      writeFile: counted(file.writeFile.bind(file)),
      write,
      sync: counted(file.sync.bind(file)),
    });
  },
});
syncBuiltinESMExports();

const { openVaultDirectory } = await import('./vault-directory.ts');
const vault = await openVaultDirectory({ dir, networkId, kek: Buffer.from(kekHex, 'hex'), random: randomBytes });
isCounting.value = true;
if (what === 'create') await vault.create('new');
if (what === 'destroy') await vault.destroy('a');
if (what === 'rotate') await vault.rotate(Buffer.from(newHex, 'hex'));
isCounting.value = false;
process.stdout.write('done');
