import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { badAnswer, usageError } from '../cli-error.ts';
import type { VmView } from '../client/views.ts';
import { answer } from '../output/answer.ts';
import { safeText, shortId } from '../output/text.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { findVm } from './vm-find.ts';

type Kind = 'rollback' | 'launch';
type ConsentOptions = { readonly rollback?: boolean; readonly launch?: boolean; readonly yes?: boolean };

/** `hcc vm consent`: an owner's word for one boot, said back before it is given. */
export const addVmConsent = (vm: Command, cli: Cli): void => {
  vm.command('consent')
    .description('allow the present boot of a VM an older disk, or an older start; it waits for that')
    .argument('<vm>', 'id, beginning of an id, or name')
    .option('--rollback', 'its disk may be an older copy: what was written since then is not on it')
    .option('--launch', 'it starts an older kernel, image or command line than last time')
    .option('-y, --yes', 'do not ask')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc vm consent web --rollback', 'hcc vm consent 1a2b --launch --yes'))
    .action(async (text: string, _options, command: Command) => {
      const { json, yes, ...asked } = optionsOf<ConsentOptions>(command);
      const kind = kindOf(asked);
      const { api } = await connectFor(cli, command, 'owner');
      const found = await findVm(api, text);
      const bootId = bootThatWaits(found, kind);
      if (yes !== true) await agreed(cli, found, kind);
      const accepted = await api.consentVm(found.vmId, { kind, bootId });
      answer(cli, json, { vmId: found.vmId, kind, bootId, ...accepted }, () =>
        accepted.events.length === 0
          ? `${found.name} had that consent already\n`
          : `${found.name} goes on with boot ${shortId(bootId)}; a later boot asks again\n`,
      );
    });
};

const kindOf = ({ rollback, launch }: ConsentOptions): Kind => {
  if (rollback === true && launch !== true) return 'rollback';
  if (launch === true && rollback !== true) return 'launch';
  throw usageError('consent-unclear', 'say what you consent to', { wanted: 'one of --rollback and --launch' });
};

/** The boot that waits for exactly this. Refuses where nothing does, before anybody is asked. */
const bootThatWaits = ({ name, vmId, release, observedText }: VmView, kind: Kind): string => {
  if (release?.consent === kind) return release.bootId;
  throw badAnswer('consent-not-needed', `vm ${name} waits for no consent to ${words[kind].short}`, {
    observed:
      release?.consent === undefined || release.consent === null ? observedText : `it waits for --${release.consent}`,
    wanted: `a boot that waits for it`,
    fix: `hcc vm status ${shortId(vmId)}`,
  });
};

const words: Readonly<Record<Kind, { readonly short: string; readonly question: (name: string) => string }>> = {
  rollback: {
    short: 'an older disk',
    question: (name) =>
      `The disk of ${name} does not say that the boot confirmed last has opened it: it may be an older copy, put there by its host or restored by you.\nWhat was written after that copy is not on it, and what you deleted or changed since, such as passwords and keys, is there again as it was.\nOnce this boot goes on with it, it is the disk of ${name}: any other copy, the newest one too, waits for you again.\nLet this boot go on with it?`,
  },
  launch: {
    short: 'an older start',
    question: (name) =>
      `${name} starts a kernel, first RAM disk or command line that is older than the one it was confirmed with last.\nFaults that were mended since are in it again, and it is given the key of the disk.\nLet this boot have the key?`,
  },
};

const agreed = async (cli: Cli, found: VmView, kind: Kind): Promise<void> => {
  const said = await cli.terminal.confirm(words[kind].question(`${safeText(found.name)} (${shortId(found.vmId)})`));
  if (said === true) return;
  throw usageError('not-confirmed', `${found.name} waits on, as it was`, {
    observed: said === null ? 'nobody to ask' : 'no',
    wanted: 'yes',
    fix: `hcc vm consent ${shortId(found.vmId)} --${kind} --yes`,
  });
};
