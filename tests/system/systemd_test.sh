#!/usr/bin/env bash
# setup and uninstall where systemd runs: the units start, may do what they must and no more, reload
# without a break, and renew by the timer. In tests/support/sandbox.sh with a systemd of its own.
set -u
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
SANDBOX_SYSTEMD=1 in_sandbox "$0" "$@"

install_program "$@"
export CA_VALIDITY_SECONDS=360
start_ca a.test b.test
mkdir -p /srv/a
echo "page of a" >/srv/a/index.html
cp "$CA_TRUST" /srv/ca.pem # the units see no /tmp but their own
at_ca=(--server "$CA_DIRECTORY" --ca-bundle /srv/ca.pem --agree-tos --yes)
listing >/tmp/before.files

main_pid() { systemctl show -p MainPID --value autohttps.service; }
status_has() { grep -qE "^$1:[[:space:]]+$2\$" "/proc/$(main_pid)/status"; }

say "a site of files"
autohttps setup a.test --root /srv/a "${at_ca[@]}" || give_up "setup a.test"
expect "a.test is served" page_is a.test "page of a"
expect "with the stored certificate" serves_what_is_stored a.test
expect "the service runs" systemctl is-active autohttps.service
expect "and starts with the machine" systemctl is-enabled autohttps.service
expect "the timer runs" systemctl is-active autohttps-renew.timer
expect "the server does not run as root" test "$(ps -o user= -p "$(main_pid)")" = autohttps
expect "it may bind low ports and nothing else" status_has CapEff 0000000000000400
expect "and gains no right" status_has NoNewPrivs 1
pid=$(main_pid)

say "a site that is passed on"
python3 -m http.server --directory /srv/a --bind 127.0.0.1 3000 >/dev/null 2>&1 &
expect "setup b.test" autohttps setup b.test --reverse-proxy http://127.0.0.1:3000 "${at_ca[@]}"
expect "b.test is served" eventually 10 page_is b.test "page of a"
expect "a.test still is" page_is a.test "page of a"
expect "by the same process" test "$(main_pid)" = "$pid"
expect "which tells systemd what it does" grep -q "2 sites" <(systemctl show -p StatusText autohttps.service)

say "renewal"
before=$(stored_serial a.test)
expect "nothing due: the unit succeeds" systemctl start autohttps-renew.service
expect "root's renewal is served" autohttps renew --force a.test
expect "by the same process" eventually 10 serves_what_is_stored a.test
expect "anew" test "$(stored_serial a.test)" != "$before"
expect "reload" systemctl reload autohttps.service
expect "the service still runs" systemctl is-active autohttps.service

say "the same again, and back"
autohttps setup a.test --root /srv/a "${at_ca[@]}" >/tmp/again 2>&1
expect "the first again changes nothing" grep -q "nothing to change" /tmp/again
expect "uninstall" autohttps uninstall --yes
expect "no service" test "$(systemctl is-active autohttps.service)" != active
expect "no timer" test "$(systemctl is-active autohttps-renew.timer)" != active
listing >/tmp/after.files
expect "all files are as before" diff /tmp/before.files /tmp/after.files
pebble_stop
finish
