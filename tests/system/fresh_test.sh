#!/usr/bin/env bash
# A fresh Debian 12 without systemd: apt installs the built .deb with what it depends on, and
# setup_test.sh runs there. Needs root and a Debian mirror.
set -u
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"

if [[ ${1:-} != --inside ]]; then
  needs_root
  build=$(build_folder) || exit 1
  pack "$build"
  AUTOHTTPS_FRESH_WITH=$(echo "$build"/system-test/autohttps_*.deb) \
    exec "$sources/tests/support/fresh_debian.sh" bookworm 'tests/system/fresh_test.sh --inside'
fi

apt=(apt-get -o DPkg::Lock::Timeout=300 -y --no-install-recommends)
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
say "apt-get install ./autohttps.deb, and what the test needs"
{ "${apt[@]}" update && "${apt[@]}" install ./autohttps_*.deb &&
  "${apt[@]}" install pebble curl openssl cron procps iproute2; } >/tmp/apt.log 2>&1 ||
  { tail -n 20 /tmp/apt.log; give_up "apt-get"; }
# A network of its own: ports 80 and 443 are free there. A first process, as in the sandbox.
exec unshare --net --pid --fork --kill-child --mount-proc bash -c \
  'ip link set lo up; exec tests/system/setup_test.sh --installed'
