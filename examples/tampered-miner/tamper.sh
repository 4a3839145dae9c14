#!/usr/bin/env bash
# The story of a tampered miner, on a cluster that `npm start` runs. Changes one file of the build, and puts it back.
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
home=${HCC_HOME:-$here/.hcc}
victim=$here/dist/apps/miner-node/src/doctor.js
miner=miner-1

# Not `npm run hcc`: that builds first, which would repair the file.
hcc() { HCC_HOME=$home node "$here/dist/apps/cli/src/main.js" "$@"; }
field() { hcc miner status "$miner" --json | node -p "JSON.parse(require('fs').readFileSync(0)).$1"; }
say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

# Waits until the newest verdict is of a tier and later than a time. New hosts show evidence every two minutes.
verdict() {
  local wanted=$1 after=$2 deadline=$((SECONDS + 240))
  until [[ $(field attestation.tier) == "$wanted" && $(field attestation.appraisedAt) > "$after" ]]; do
    ((SECONDS < deadline)) || { echo "no verdict '$wanted' in four minutes; hcc miner status $miner says why" >&2; exit 1; }
    printf '.' >&2
    sleep 3
  done
  echo >&2
}

restore() { [[ ! -f $victim.honest ]] || mv "$victim.honest" "$victim"; }
trap restore EXIT

[[ -f $home/cluster.json ]] || { echo "no cluster runs in $home: run npm start in another terminal, or set HCC_HOME" >&2; exit 3; }

say "1. an honest host"
verdict affirming ''
hcc miner ls

say "2. one line more in a file of the agent: $victim"
before=$(field attestation.appraisedAt)
cp -p "$victim" "$victim.honest"
echo '// nobody will notice' >>"$victim"

say "3. its next evidence (up to two minutes)"
verdict contraindicated "$before"
hcc miner ls

say "4. the penalty, and what it rests on"
hcc miner why "$miner"

say "5. the file is as it was, and looked at again at once: a measurement list only grows, so that is not enough"
restore
before=$(field attestation.appraisedAt)
verdict contraindicated "$before"
hcc miner ls

say "6. the hosts are started anew, as after a reboot: new TPM registers, new list"
before=$(field attestation.appraisedAt)
for name in "$home"/pids/miner-*.json; do
  kill "$(node -p "JSON.parse(require('fs').readFileSync('$name')).pid")"
done
verdict affirming "$before"
hcc miner ls

say "7. trusted again; the score remembers"
hcc miner why "$miner"
