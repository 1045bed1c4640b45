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
cat >"$root/root/runs.csv" <<'CSV'
name,params (M),tokens (B),val_loss
run-70M-1.4B,70,1.4,3.6892
run-70M-5.6B,70,5.6,3.3367
run-70M-22B,70,22,3.0834
run-160M-3.2B,160,3.2,3.2415
run-160M-12.8B,160,12.8,2.9465
run-160M-50B,160,50,2.7624
run-410M-8.2B,410,8.2,2.8701
run-410M-32B,410,32,2.6438
run-410M-64B,410,64,2.567
run-1000M-20B,1000,20,2.5826
run-1000M-80B,1000,80,2.4114
run-1000M-160B,1000,160,2.3452
run-2800M-56B,2800,56,2.3257
run-2800M-160B,2800,160,2.2466
CSV

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
