import type { Command } from 'commander';

/** One place of the command tree, as a shell needs it. */
type Place = {
  /** `hcc/vm/ls`, by first names. */
  readonly path: string;
  /** How one gets here: the path before, and each name of the last word. */
  readonly steps: readonly string[];
  readonly words: readonly { readonly word: string; readonly says: string }[];
  readonly options: readonly { readonly long: string; readonly says: string }[];
  /** What the first argument names, when the server can be asked for those there are. */
  readonly kind: Kind | null;
};

/** Things whose ids and names the server lists. */
export const kinds = ['account', 'flavor', 'image', 'miner', 'stream', 'vm'] as const;
export type Kind = (typeof kinds)[number];

/** A completion script for bash: verbs and options from the tree, ids by asking the server. */
export const bashScript = (program: Command): string => {
  const places = placesOf(program);
  const steps = places
    .filter(({ steps }) => steps.length > 0)
    .map(({ path, steps }) => `      ${steps.join('|')}) path=${path} ;;`);
  const words = places.map(({ path, words, options, kind }) => {
    const all = [...words.map(({ word }) => word), ...options.map(({ long }) => long)].join(' ');
    return `    ${path}) words='${all}'${kind === null ? '' : `; kind=${kind}`} ;;`;
  });
  return `# hcc completion for bash: source this, or put it into /etc/bash_completion.d
_hcc() {
  local cur=\${COMP_WORDS[COMP_CWORD]} path=hcc words= kind= i=1
  while [ "$i" -lt "$COMP_CWORD" ]; do
    case "$path/\${COMP_WORDS[$i]}" in
${steps.join('\n')}
    esac
    i=$((i + 1))
  done
  case "$path" in
${words.join('\n')}
  esac
  case "$cur" in
    -*) ;;
    *) [ -z "$kind" ] || words="$words $(hcc completion ids "$kind" 2>/dev/null)" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _hcc hcc
`;
};

/** The same for zsh, with what each word does beside it. It may be sourced, or lie in `$fpath` as `_hcc`. */
export const zshScript = (program: Command): string => {
  const places = placesOf(program);
  const steps = places
    .filter(({ steps }) => steps.length > 0)
    .map(({ path, steps }) => `      ${steps.join('|')}) at=${path} ;;`);
  const described = (all: readonly (readonly [string, string])[]): string =>
    all.map(([word, says]) => `'${`${word}:${says}`.replaceAll("'", `'\\''`)}'`).join(' ');
  const offers = places.map(({ path, words, options, kind }) => {
    const verbs = described(words.map(({ word, says }) => [word, says]));
    const flags = described(options.map(({ long, says }) => [long, says]));
    return `    ${path}) verbs=(${verbs}); flags=(${flags})${kind === null ? '' : `; kind=${kind}`} ;;`;
  });
  // `path` and `words` have meanings of their own in zsh.
  return `#compdef hcc
# hcc completion for zsh: source this, or put it into a directory of $fpath as _hcc
_hcc() {
  local at=hcc kind= word
  local -a verbs flags ids
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at/$word" in
${steps.join('\n')}
    esac
  done
  case "$at" in
${offers.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option flags
    return
  fi
  if [[ -n $kind ]]; then
    ids=(\${(f)"$(hcc completion ids $kind 2>/dev/null)"})
    compadd -a ids && return
  fi
  _describe command verbs || _files
}
if [[ "$funcstack[1]" == _hcc ]]; then
  _hcc "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _hcc hcc
fi
`;
};

/** The same for fish, with what each word does beside it. */
export const fishScript = (program: Command): string => {
  const places = placesOf(program);
  const steps = places
    .filter(({ steps }) => steps.length > 0)
    .map(({ path, steps }) => `      case ${steps.join(' ')}\n        set path ${path}`);
  const lines = places.flatMap(({ path, words, options, kind }) => {
    const here = `complete -c hcc -n 'string match -q -- ${path} (__hcc_path)'`;
    return [
      ...words.map(({ word, says }) => `${here} -a ${word} -d ${quoted(says)}`),
      ...options.map(({ long, says }) => `${here} -l ${long.slice(2)} -d ${quoted(says)}`),
      ...(kind === null ? [] : [`${here} -a '(hcc completion ids ${kind} 2>/dev/null)'`]),
    ];
  });
  return `# hcc completion for fish: put it into ~/.config/fish/completions/hcc.fish
function __hcc_path
  set -l path hcc
  for word in (commandline -opc)[2..-1]
    switch "$path/$word"
${steps.join('\n')}
    end
  end
  echo $path
end
complete -c hcc -f
${lines.join('\n')}
`;
};

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const placesOf = (command: Command, before: string | null = null): readonly Place[] => {
  const path = before === null ? command.name() : `${before}/${command.name()}`;
  const names = [command.name(), ...command.aliases()];
  const shown = command.commands.filter((sub) => !isHidden(command, sub));
  const place: Place = {
    path,
    steps: before === null ? [] : names.map((name) => `${before}/${name}`),
    words: shown.map((sub) => ({ word: sub.name(), says: sub.description() })),
    options: command.options.flatMap(({ long, description }) =>
      long === undefined || long === null ? [] : [{ long, says: description }],
    ),
    kind: kinds.find((kind) => kind === command.registeredArguments[0]?.name()) ?? null,
  };
  return [place, ...command.commands.flatMap((sub) => placesOf(sub, path))];
};

const isHidden = (parent: Command, sub: Command): boolean => !parent.createHelp().visibleCommands(parent).includes(sub);
