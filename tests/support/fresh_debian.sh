#!/usr/bin/env bash
# Runs a command on a fresh Debian: a minimal tree made by debootstrap with a clean copy of what is
# tracked here, in namespaces of its own, so that nothing stays mounted and nothing stays running.
#
#   fresh_debian.sh SUITE COMMAND        e.g. fresh_debian.sh trixie tools/test
#
# The mirror and its settings are this machine's apt's. AUTOHTTPS_FRESH_KEEP=FOLDER keeps the bare
# tree there for the next time; AUTOHTTPS_FRESH_WITH=FILE puts that file beside the copy's own.
# As root; needs debootstrap.
set -eu
suite=$1 command=$2
source_folder=$(cd "$(dirname "$0")/../.." && pwd)
[[ $(id -u) == 0 ]] || { echo "fresh_debian.sh: chroot and mounts need root" >&2; exit 1; }

work=$(mktemp -d "${TMPDIR:-/var/tmp}/autohttps-$suite-XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM HUP
tree=$work/tree

mirror() {  # of Debian proper: the one that has this machine's main suite
  apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -E '^(https?|file):' |
    grep -v -- -security | head -n 1
}

proxy() { apt-config dump --format '%v' Acquire::http::Proxy 2>/dev/null || true; }

apt_settings() {  # how this machine reaches the mirror: proxies, certificates, checks
  apt-config dump | grep -E '^Acquire::(http|https|Check|Retries|ForceIPv)' || true
}

make_tree() {  # make_tree FOLDER
  local uri log=$work/debootstrap.log
  uri=$(mirror)
  [[ -n $uri ]] || { echo "fresh_debian.sh: apt knows no mirror" >&2; return 1; }
  http_proxy=${http_proxy:-$(proxy)} debootstrap --variant=minbase "$suite" "$1" "$uri" \
    >"$log" 2>&1 || { tail -n 20 "$log" >&2; return 1; }
  apt_settings >"$1/etc/apt/apt.conf.d/00host"
}

if [[ -n ${AUTOHTTPS_FRESH_KEEP:-} ]]; then
  kept=$AUTOHTTPS_FRESH_KEEP/$suite
  [[ -d $kept ]] || { mkdir -p "$AUTOHTTPS_FRESH_KEEP" && make_tree "$kept.new" && mv "$kept.new" "$kept"; }
  cp -a "$kept" "$tree"
else
  make_tree "$tree"
fi
cp -L /etc/resolv.conf "$tree/etc/resolv.conf" 2>/dev/null || true

mkdir "$tree/autohttps"
git -C "$source_folder" ls-files -z | tar -C "$source_folder" --null -T - -c | tar -C "$tree/autohttps" -x
[[ -z ${AUTOHTTPS_FRESH_WITH:-} ]] || cp "$AUTOHTTPS_FRESH_WITH" "$tree/autohttps/"

# A process namespace ends all it holds with its first process; mounts end with theirs.
# The environment is a login's, not ours.
status=0
unshare --mount --pid --fork --kill-child --propagation private bash -c '
  mount --bind "$1" "$1" && mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" &&
    exec chroot "$1" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      HOME=/root LANG=C.UTF-8 TERM=dumb bash -c "cd /autohttps && $2"
' bash "$tree" "$command" || status=$?
exit $status
