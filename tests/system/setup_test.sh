#!/usr/bin/env bash
# From an installed program to served pages in one command each, and back: setup, a second site, the
# same again, uninstall. Runs in tests/support/sandbox.sh, without systemd.
set -u
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
in_sandbox "$0" "$@"

install_program "$@"
start_ca a.test b.test www.b.test
mkdir -p /srv/a /srv/b
echo "page of a" >/srv/a/index.html
echo "page of b" >/srv/b/index.html
cron
listing >/tmp/before.files
processes >/tmp/before.processes

run() {
  say "autohttps $*"
  autohttps "$@"
}

first=(setup a.test --root /srv/a "${at_ca[@]}" --agree-tos --yes)
second=(setup b.test --www --root /srv/b "${at_ca[@]}" --agree-tos --yes)

say "what it would do"
autohttps "${first[@]}" --plan >/tmp/plan || give_up "--plan"
listing >/tmp/planned.files
expect "--plan names the certificate" grep -q '^get a certificate for a.test' /tmp/plan
expect "--plan names the site's file" grep -q '^write /etc/autohttps/sites.d/a.test.toml' /tmp/plan
expect "--plan changes nothing" diff /tmp/before.files /tmp/planned.files
expect "--plan makes no store" test ! -e /var/lib/autohttps/certificates

(run "${first[@]}") || give_up "setup a.test"  # a shell of its own, which ends now
expect "a.test is served" page_is a.test "page of a"
expect "with the stored certificate" serves_what_is_stored a.test
pid=$(pgrep -x autohttps)
expect "the server does not run as root" test "$(ps -o user= -p "$pid")" = autohttps
expect "the store is its user's" test "$(stat -c '%U %a' /var/lib/autohttps)" = "autohttps 700"

run "${second[@]}" || give_up "setup b.test"
expect "b.test is served" eventually 10 page_is b.test "page of b"
expect "with the stored certificate" serves_what_is_stored b.test
to_b() { [[ $(curl -sS --noproxy '*' --cacert "$(trusted)" -o /dev/null -w '%{http_code} %{redirect_url}' "https://www.b.test/x?y") == "$1 https://b.test/x?y" ]]; }
expect "www.b.test is sent on to b.test" bash -c "$(declare -f to_b trusted); to_b 308 || to_b 301"
expect "a.test still is" page_is a.test "page of a"
expect "by the same process" test "$(pgrep -x autohttps)" = "$pid"

listing >/tmp/twice.files
find /var/lib/autohttps -type f ! -path '*/locks/*' -exec sha256sum {} + | sort -k 2 >/tmp/store.before
run "${first[@]}" >/tmp/third 2>&1 || give_up "the first again"
cat /tmp/third
listing >/tmp/thrice.files
find /var/lib/autohttps -type f ! -path '*/locks/*' -exec sha256sum {} + | sort -k 2 >/tmp/store.after
expect "the first again says so" grep -q "nothing to change" /tmp/third
expect "and changes no file" diff /tmp/twice.files /tmp/thrice.files
expect "nor the store" diff /tmp/store.before /tmp/store.after
expect "nor the process" test "$(pgrep -x autohttps)" = "$pid"

say "a file that its user has edited"
echo "# mine" >>/etc/autohttps/sites.d/a.test.toml
expect "that says the same is left alone" autohttps "${first[@]}"
expect "with the comment" grep -q '^# mine' /etc/autohttps/sites.d/a.test.toml
autohttps setup a.test --root /srv/b "${at_ca[@]}" --yes >/tmp/kept 2>&1
expect "another wish does not overwrite it" grep -q 'stays as it is; --force overwrites it' /tmp/kept
expect "and it still serves" page_is a.test "page of a"
sed -i '/^# mine/d' /etc/autohttps/sites.d/a.test.toml

run uninstall --plan || give_up "uninstall --plan"
listing >/tmp/unplanned.files
expect "uninstall --plan changes nothing" diff /tmp/thrice.files /tmp/unplanned.files
run uninstall --yes || give_up "uninstall"
listing >/tmp/after.files
expect "/etc, /usr, /lib and crontabs are as before" diff /tmp/before.files /tmp/after.files
expect "processes are as before" eventually 5 bash -c "$(declare -f processes); processes | diff /tmp/before.processes -"
expect "the store is still there" test -s /var/lib/autohttps/certificates/a.test/current/fullchain.pem
run uninstall --yes >/tmp/again 2>&1
expect "a second time there is nothing" grep -q "nothing of setup's is here" /tmp/again

say "and again, with what the store has"
run "${first[@]}" || give_up "setup after uninstall"
expect "a.test is served" page_is a.test "page of a"
run uninstall --yes >/dev/null 2>&1
finish
