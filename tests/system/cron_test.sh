#!/usr/bin/env bash
# Years of cron in minutes: Debian's cron daemon runs the very entry that setup installed, while
# certificates live six minutes; nginx serves. Then the CA is away, and comes back. Real time: about
# a quarter of an hour (cron_test.sh [MINUTES]: how long all is well, 10). In
# tests/support/sandbox.sh.
set -u
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
in_sandbox "$0" "$@"
minutes=10
[[ ${*: -1} != [1-9]* ]] || minutes=${*: -1}

install_program "$@"
mkdir -p /var/lib/nginx /var/log/nginx /var/www/html
echo "a page" >/var/www/html/index.html
export CA_VALIDITY_SECONDS=360
start_ca a.test
cp /tmp/ca/root.pem /tmp/ca/root-1.pem

# What cron would mail, and what the machine's log gets.
cat >/usr/sbin/sendmail <<'M'
#!/bin/sh
{ echo "=== $(date +%T)"; cat; } >>/tmp/mail
M
chmod 755 /usr/sbin/sendmail
: >/tmp/mail
: >/tmp/syslog
busybox syslogd -n -O /tmp/syslog &
cron -f &
service nginx start >/dev/null 2>&1 || give_up "nginx did not start"

say "autohttps setup a.test"
autohttps setup a.test "${at_ca[@]}" --limits none --agree-tos --yes >/tmp/out 2>/tmp/err || {
  cat /tmp/err /tmp/out
  give_up "setup"
}
cat /tmp/err /tmp/out
file=$(sed -n 's/^For HTTPS, write this into \(.*\):$/\1/p' /tmp/out)
sed -n '/^For HTTPS, write this into/,/^then:$/p' /tmp/out | sed '1,2d;$d' >"$file"
nginx -s reload
say "cron's entry"
grep -v '^#' /etc/cron.d/autohttps
expect "cron looks every minute" grep -qE '^(\*|0-59/1) \* \* \* \* root ' /etc/cron.d/autohttps
expect "a.test is served" eventually 10 page_is a.test "a page"

messages() { grep -c 'autohttps.*a\.test' /tmp/syslog; }
mails() { grep -c '^error' /tmp/mail; }

# watch SECONDS: counts renewals, and looks all the time at what a client gets.
watch() {
  local end=$((SECONDS + $1)) stored behind=0
  stored=$(stored_serial a.test)
  renewals=0 refused=0 longest=0
  while ((SECONDS < end)); do
    page_is a.test "a page" || refused=$((refused + 1))  # expired, untrusted or not there
    if [[ $(stored_serial a.test) != "$stored" ]]; then
      stored=$(stored_serial a.test) renewals=$((renewals + 1)) behind=0
      say "$(date +%T) renewal $renewals: $stored"
    fi
    if serves_what_is_stored a.test; then behind=0; else behind=$((behind + 1)); fi
    ((behind <= longest)) || longest=$behind
    sleep 1
  done
}

say "$minutes minutes in which all is well"
watch $((minutes * 60))
expect "renewed often enough ($renewals times)" test "$renewals" -ge $((minutes / 5))
expect "every request was answered with a valid certificate ($refused were not)" test "$refused" = 0
expect "what was renewed was served within 5 s ($longest)" test "$longest" -le 5
expect "cron had nothing to mail but what was renewed" bash -c '! grep -qE "^(error|warning)" /tmp/mail'
cat /tmp/mail
expect "cron ran all the time" test "$(grep -c 'CRON.*autohttps renew' /tmp/syslog)" -ge $((minutes - 1))
expect "no failure is in the log" bash -c '! grep -qE "autohttps\[[0-9]+\]: (error|warning)" /tmp/syslog'

say "the CA goes away"
pebble_stop
: >/tmp/mail
grep -v CRON /tmp/syslog >/tmp/syslog.before
expect "within a life half one failure is told" eventually 240 bash -c 'grep -q "^error" /tmp/mail'
cat /tmp/mail
sleep 65  # one more run of cron at least
attempts=$(autohttps status a.test --json | sed -n 's/.*"failures": *\([0-9]*\).*/\1/p' | head -n 1)
expect "a message for each failure ($attempts) in cron's mail" test "$(mails)" = "$attempts"
expect "and in the log" test "$(grep -v CRON /tmp/syslog | grep -c 'autohttps.*a\.test.*')" = "$attempts"
grep -v CRON /tmp/syslog | grep autohttps
expect "a.test is served all the same" page_is a.test "a page"

say "the CA comes back, and has forgotten everybody"
before=$(stored_serial a.test)
pebble_start /tmp/ca || give_up "Pebble did not start again"
export before
renewed() { [[ $(stored_serial a.test) != "$before" ]]; }
expect "renewal recovers by itself" eventually 300 renewed
expect "and what is new is served" eventually 10 serves_what_is_stored a.test
expect "verified" page_is a.test "a page"
finish
