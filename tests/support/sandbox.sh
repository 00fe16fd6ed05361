#!/usr/bin/env bash
# Runs a script as root on a throw-away copy of this machine: everything it writes, starts or binds
# is its own and ends with it. For tests that install services.
#
#   sandbox.sh SCRIPT [ARGUMENT...]     its exit code is ours
#   SANDBOX_SYSTEMD=1 sandbox.sh ...    the same, as a service under a systemd of its own
#
# The file system is an overlay over / (what is written goes to memory), network, processes and /dev
# are the script's own, and no package's script starts a daemon there. Needs root.
set -eu
[[ $(id -u) == 0 ]] || { echo "sandbox.sh: mounts need root" >&2; exit 1; }

if [[ ${1:-} != --inside ]]; then
  script=$(realpath "$1")
  shift
  # A process namespace ends all it holds with its first process; mounts end with theirs.
  if [[ -n ${SANDBOX_SYSTEMD:-} ]]; then
    said=$(mktemp)
    trap 'rm -f "$said" "$said.status"' EXIT
    : >"$said.status"
    SANDBOX_SAID=$said unshare --mount --net --pid --cgroup --uts --ipc --fork --kill-child --mount-proc \
      --propagation private -- "$BASH" "$(realpath "${BASH_SOURCE[0]}")" --inside "$script" "$@" || true
    cat "$said"
    [[ $(cat "$said.status") == 0 ]]
    exit
  fi
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
if [[ -n ${SANDBOX_SYSTEMD:-} ]]; then
  mount --rbind /sys sys
else
  mount -t sysfs -o ro sysfs sys 2>/dev/null || true
fi
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
# What this machine has of ours is not the test's: it begins where nobody has used us yet.
rm -rf var/lib/autohttps etc/autohttps etc/cron.d/autohttps var/log/autohttps.log
printf '#!/bin/sh\nexit 101\n' >usr/sbin/policy-rc.d
chmod 755 usr/sbin/policy-rc.d
ip link set lo up
environment=(SANDBOXED=1 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb
  AUTOHTTPS_BUILD="${AUTOHTTPS_BUILD:-}")
if [[ -n ${SANDBOX_SYSTEMD:-} ]]; then
  : >dev/console
  mount --bind /dev/null dev/console
  for name in said status; do : >$name.sandbox; done
  mount --bind "$SANDBOX_SAID" said.sandbox
  mount --bind "$SANDBOX_SAID.status" status.sandbox
  rm -rf etc/systemd/system/*.wants
  tr -d - </proc/sys/kernel/random/uuid >etc/machine-id
  cat >etc/systemd/system/sandbox.service <<UNIT
[Unit]
DefaultDependencies=no
After=basic.target
[Service]
Type=oneshot
Environment=${environment[*]}
ExecStart=/bin/bash $*
ExecStopPost=/bin/sh -c 'echo "\$EXIT_STATUS" >/status.sandbox; systemctl --force --force poweroff'
StandardOutput=append:/said.sandbox
StandardError=append:/said.sandbox
UNIT
  printf '[Unit]\nRequires=basic.target sandbox.service\nAfter=basic.target\n' >etc/systemd/system/sandbox.target
  exec chroot . /usr/bin/env -i container=lxc "${environment[1]}" /lib/systemd/systemd --unit=sandbox.target
fi
exec chroot . /usr/bin/env -i "${environment[@]}" bash "$@"
