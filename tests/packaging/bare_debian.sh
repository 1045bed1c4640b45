#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bare_debian.sh ROOT [COMMAND...]: an empty Debian 12 with nothing but Python below the folder ROOT, which is made by
# debootstrap if it does not exist, and a command in it. Run it as root.
set -euo pipefail
root=${1:?which folder? see the head of this file}
shift
[[ -x $root/bin/bash ]] || debootstrap --variant=minbase --include=python3,python3-venv bookworm "$root" >&2
(($# > 0)) || exit 0
exec unshare --mount bash -c 'root=$1; shift; mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && exec chroot "$root" \
  /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"' bare "$root" "$@"
