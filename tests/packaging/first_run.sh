#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/packaging/first_run.sh ROOT > docs/first_run.md
# Follows the README as a new user does: on an empty Debian 12 with nothing but git, it clones the repository, fits a table of
# runs and plans the next one, with the commands of README.md and no others. Run it as root. ROOT must exist; it installs
# packages from its own sources:
#   debootstrap --variant=minbase --include=git,ca-certificates bookworm ROOT
# Prints the transcript as a page. Exits with 1 if a command fails or if everything takes 10 minutes or more.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
root=$(cd "${1:?which root? see the head of this file}" && pwd)
[[ ! -e $root/root/phaselaw ]] || { echo "first_run: $root was used before; make a new one" >&2 && exit 2; }

rm -rf "$root/srv/phaselaw.git"
git clone --quiet --bare "$here" "$root/srv/phaselaw.git"
sed -n '/^To fit your own runs/,/The first ten minutes/p' "$here/README.md" | sed -n '/^```sh$/,/^```$/{/^```/d;p}' >"$root/root/commands"
[[ -s $root/root/commands ]] || { echo "first_run: README.md has no commands after 'To fit your own runs'" >&2 && exit 1; }

# Fourteen runs as people write them down: loss by 1.69 + 406.4 N^-0.34 + 410.7 D^-0.28 with 0.4 % of noise.
cp "$here/tests/packaging/runs.csv" "$root/root/runs.csv"

cat >"$root/root/follow" <<'FOLLOW'
set -u
cd
start=$SECONDS
tell() { printf '$ %s\n' "$1"; }
took() { printf '[%d min %02d s since the start]\n\n' $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60)); }
tell 'git clone https://.../phaselaw && cd phaselaw'
git clone --quiet file:///srv/phaselaw.git && cd phaselaw || exit 1
took
cp ../runs.csv .
tell 'cat runs.csv'
cat runs.csv
echo
while IFS= read -r line; do
  command=$(sed 's/  *#.*//' <<<"$line")
  tell "$command"
  eval "$command" </dev/null || exit 1
  took
done <../commands
echo $((SECONDS - start)) >~/seconds
FOLLOW

transcript=$(mktemp)
trap 'rm -f "$transcript"' EXIT
unshare --mount bash -c 'mount --bind /proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" /usr/bin/env -i \
  HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "cd && exec bash follow"' "$root" >"$transcript" 2>&1 || {
  cat "$transcript" >&2
  exit 1
}
seconds=$(cat "$root/root/seconds")
cat <<PAGE
<!-- SPDX-License-Identifier: Apache-2.0 -->
# The first ten minutes: from clone to a plan

An empty Debian 12 (debootstrap, minbase, git), $(nproc) cores ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)), commit $(git -C "$here" rev-parse --short HEAD).
One table of fourteen runs and the five commands of the [README](../README.md) took $((seconds / 60)) min $((seconds % 60)) s. Nearly all of
this time goes into installing and compiling, which happens once. \`tests/packaging/first_run.sh\` writes this transcript, and
\`docs/refresh_readme.py\` renews what phaselaw prints.

\`\`\`console
$(cat "$transcript")
\`\`\`
PAGE
((seconds < 600)) || { echo "first_run: $seconds s, 600 allowed" >&2 && exit 1; }
