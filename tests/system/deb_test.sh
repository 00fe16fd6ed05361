#!/usr/bin/env bash
# The Debian package: made by cpack, installed, served from without systemd, upgraded, removed and
# purged, on a throw-away copy of this machine (tests/support/sandbox.sh).
#   deb_test.sh [BUILD]      the build that is packed, else AUTOHTTPS_BUILD; its folder deb-test/ is written to
set -u
self=$(realpath "$0")
sources=$(cd "$(dirname "$self")/../.." && pwd)

if [[ ! -f /usr/sbin/policy-rc.d || $$ != 1 ]]; then
  if [[ $(id -u) != 0 ]]; then
    echo "skipped: installing needs root"
    exit 77
  fi
  build=$(realpath "${1:-${AUTOHTTPS_BUILD:-$sources/build/dev}}")
  made=$build/deb-test/packages
  rm -rf "$made"
  export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1700000000}
  for folder in "$made" "$made/again"; do
    cpack -G DEB --config "$build/CPackConfig.cmake" -B "$folder" >"$build/deb-test.log" 2>&1 ||
      { cat "$build/deb-test.log"; exit 1; }
  done
  exec env AUTOHTTPS_BUILD="$build" "$sources/tests/support/sandbox.sh" "$self" "$made"
fi
# shellcheck source=tests/system/lib.sh disable=SC2154
source "$sources/tests/system/lib.sh"

package=$(echo "$1"/autohttps_*.deb)
development=$(echo "$1"/libautohttps-dev_*.deb)
store=/var/lib/autohttps
service=/etc/init.d/autohttps

everything() {  # but what dpkg, its triggers and a new user change, and the store
  find /bin /etc /lib /opt /sbin /srv /usr /var -xdev \( -path /var/lib/dpkg -o -path /var/cache -o -path /var/tmp -o -path "$store" \
    -o -name '*.pyc' -o -name __pycache__ \) -prune -o -type f -printf '%p %y %m %u:%g\n' -o -printf '%p %y %m %u:%g %l\n' |
    grep -vE '^/(var/log/(dpkg|alternatives)\.log|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?) ' | sort
  find /etc -type f ! -name '*-' ! -path '/etc/*passwd' ! -path '/etc/*group' ! -path '/etc/*shadow' \
    ! -path '/etc/sub?id' -exec sha256sum {} + | sort -k 2
}

mode_and_owner() { stat -c '%a %U:%G' "$1"; }
is() { [[ $("${@:2}") == "$1" ]]; }
users_of_service() { tr -s '\t' ' ' <"/proc/$(cat /run/autohttps.pid)/status" | grep -E "^$1:" | cut -d' ' -f2-; }
pid() { cat /run/autohttps.pid; }
gone() { ! pgrep -x autohttps >/dev/null; }
installed() { dpkg-deb -c "$1" | awk '{print $6}' | sed 's/^\.//'; }
others_in_store() { find "$store" ! -user autohttps -o ! -type l ! -type d ! -perm 0600 -o -type d ! -perm 0700; }

say "what is in it"
expect "packed again it has the same bytes" cmp "$package" "$1/again/$(basename "$package")"
dpkg-deb -I "$package" | sed -n '/Package:/,$p'
expect "ca-certificates is a hard dependency" is yes sh -c \
  "dpkg-deb -f '$package' Depends | grep -qw ca-certificates && echo yes"
expect "libraries' dependencies were computed" is yes sh -c \
  "dpkg-deb -f '$package' Depends | grep -q 'libcurl4.*libssl3' && echo yes"
for file in /usr/bin/autohttps /usr/lib/autohttps/hooks/reload-nginx /lib/systemd/system/autohttps.service /lib/systemd/system/autohttps.socket /lib/systemd/system/autohttps-renew.timer \
  /etc/init.d/autohttps /etc/autohttps/sites.d/ /usr/share/man/man1/autohttps.1.gz \
  /usr/share/man/man5/autohttps.toml.5.gz /usr/share/bash-completion/completions/autohttps \
  /usr/share/doc/autohttps/copyright; do
  expect "it has $file" grep -qx "$file" <(installed "$package")
done
if command -v lintian >/dev/null; then
  expect "lintian finds no error" lintian --allow-root --fail-on error "$package" "$development"
fi

rm -f /sbin/runlevel
everything >/tmp/before.files
say "dpkg -i"
dpkg -i "$package" || give_up "dpkg -i"
expect "dpkg is content" dpkg --verify autohttps
expect "the store is the service's alone" is "700 autohttps:autohttps" mode_and_owner "$store"
expect "the user cannot log in" is /usr/sbin/nologin sh -c "getent passwd autohttps | cut -d: -f7"
expect "nothing was started" gone
expect "nor will it be with the machine" is "" sh -c 'ls /etc/rc?.d/S??autohttps 2>/dev/null'
expect "the program runs" autohttps version
expect "it looks where the package says" grep -q "store      $store" <(autohttps status)
grep -rqs '^path-exclude.*man' /etc/dpkg/dpkg.cfg.d || expect "the manual is found" man -w autohttps autohttps-setup autohttps.toml
if command -v systemd-analyze >/dev/null; then
  expect "systemd finds nothing wrong" is "" sh -c \
    "systemd-analyze verify /lib/systemd/system/autohttps.service /lib/systemd/system/autohttps.socket /lib/systemd/system/autohttps-renew.timer 2>&1 |
      grep autohttps"
fi

say "a store that root makes anew"
rm -r "$store"
expect "there is none" test ! -e "$store"
autohttps renew
expect "is the service's" is "700 autohttps:autohttps" mode_and_owner "$store"
expect "as all in it" is "" others_in_store

say "the service, as init would start it"
rm /usr/sbin/policy-rc.d
start_ca a.test
expect "nothing to serve is said, with the exit code" is no sh -c "$service start >/tmp/start 2>&1 && echo yes || echo no"
expect "in the service's own words" grep -q 'autohttps obtain\|no domains' /tmp/start
autohttps obtain a.test "${at_ca[@]}" --agree-tos || give_up "obtain"
expect "all that root obtained is the service's" is "" others_in_store
(setsid -w "$service" start) || give_up "start"
expect "it is served at once" page a.test
expect "with the stored certificate" serves_what_is_stored a.test
uid=$(id -u autohttps)
expect "by the service's user" is "$uid $uid $uid $uid" users_of_service Uid
expect "without any capability" is 0000000000000000 users_of_service CapPrm
expect "status says so" "$service" status
first=$(pid)
expect "started again it stays" "$service" start
expect "the same process" is "$first" pid
expect "reload" "$service" reload
expect "is the same process too" is "$first" pid
expect "restart" "$service" restart
expect "is another" test "$(pid)" != "$first"
expect "and served" eventually 10 page a.test
expect "its log is not for everyone" is "640 root:root" mode_and_owner /var/log/autohttps.log
if command -v logrotate >/dev/null; then
  expect "logrotate takes its file" logrotate -d /etc/logrotate.d/autohttps
fi
expect "stop" "$service" stop
expect "it has ended" gone
expect "status says that with 3" is 3 sh -c "$service status >/dev/null; echo \$?"
expect "stopping twice is fine" "$service" stop

say "an upgrade, where sysvinit runs"
printf '#!/bin/sh\necho N 2\n' >/sbin/runlevel
chmod 755 /sbin/runlevel
update-rc.d autohttps enable
"$service" start || give_up "start"
first=$(pid)
dpkg -i "$package" || give_up "upgrade"
expect "what ran is the new version" test "$(pid)" != "$first"
expect "and served" eventually 10 page a.test
expect "it still starts with the machine" is yes sh -c 'ls /etc/rc2.d/S??autohttps >/dev/null && echo yes'

say "dpkg -r"
dpkg -r autohttps || give_up "dpkg -r"
expect "the service was stopped" gone
expect "the program is gone" test ! -e /usr/bin/autohttps
expect "its script is kept and does nothing" "$service" start
expect "keys and certificates are there" test -s "$store/certificates/a.test/current/privkey.pem"

say "dpkg -P"
dpkg -P autohttps >/tmp/purge.out 2>&1 || { cat /tmp/purge.out; give_up "dpkg -P"; }
cat /tmp/purge.out
expect "it says that they stay" grep -q "stay in $store" /tmp/purge.out
expect "keys and certificates are there" test -s "$store/certificates/a.test/current/privkey.pem"
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
sed -i '/a\.test/d' /etc/hosts
rm /sbin/runlevel
everything >/tmp/after.files
expect "all else is as before" diff /tmp/before.files /tmp/after.files

say "and back"
dpkg -i "$package" >/tmp/again.out 2>&1 || { cat /tmp/again.out; give_up "dpkg -i"; }
expect "with what the store has" grep -q a.test <(autohttps list)
finish
