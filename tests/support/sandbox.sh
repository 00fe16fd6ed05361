#!/usr/bin/env bash
# Runs a script as root on a throw-away copy of this machine: everything it writes, starts or binds
# is its own and ends with it. For tests that install services.
#
#   sandbox.sh SCRIPT [ARGUMENT...]     its exit code is ours
#
# The file system is an overlay over / (what is written goes to memory), network, processes and /dev
# are the script's own, and no package's script starts a daemon there. Needs root.
set -eu
[[ $(id -u) == 0 ]] || { echo "sandbox.sh: mounts need root" >&2; exit 1; }

if [[ ${1:-} != --inside ]]; then
  script=$(realpath "$1")
  shift
  # A process namespace ends all it holds with its first process; mounts end with theirs.
  exec unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private -- \
    "$BASH" "$(realpath "${BASH_SOURCE[0]}")" --inside "$script" "$@"
fi
shift

sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
base=/mnt
mount -t tmpfs sandbox $base
mkdir $base/upper $base/work $base/tree
mount -t overlay sandbox -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" $base/tree
cd $base/tree
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys 2>/dev/null || true
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=0755 tmpfs run
mkdir -p run/lock
mount -t tmpfs -o mode=0755 tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
chmod 1777 dev/shm
for device in null zero full random urandom tty; do
  : >dev/$device
  mount --bind /dev/$device dev/$device
done
# Sources and builds, where they are on another file system than the root.
for folder in "$sources" "$(dirname "$1")" "${AUTOHTTPS_BUILD:-}"; do
  [[ -n $folder && ! -e .$folder ]] || continue
  mkdir -p ".$folder"
  mount --rbind "$folder" ".$folder"
done
printf '#!/bin/sh\nexit 101\n' >usr/sbin/policy-rc.d
chmod 755 usr/sbin/policy-rc.d
ip link set lo up
exec chroot . /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
  LANG=C.UTF-8 TERM=dumb AUTOHTTPS_BUILD="${AUTOHTTPS_BUILD:-}" bash "$@"
