#!/usr/bin/env bash
# Every first-run failure, provoked for real: what setup then says is compared with
# failures/NAME.txt, and after the fix the same command works at once. In tests/support/sandbox.sh.
set -u
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
in_sandbox "$0" "$@"
expected=$sources/tests/system/failures

install_program "$@"
start_ca a.test
cp /etc/hosts /tmp/hosts
mkdir -p /srv/a
echo "a page" >/srv/a/index.html
cron
setup=(autohttps setup a.test "${at_ca[@]}" --agree-tos --yes)

# What differs from run to run, made the same.
normalised() {
  sed -E 's/localhost:[0-9]+/localhost:PORT/g; s/pid [0-9]+/pid N/g; s/kill [0-9]+/kill N/g
    s/[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:]+Z)?/DATE/g; s/\(in [^)]*\)/(in SOME TIME)/g
    s/^( *)[0-9]+ \* \* \* \*/\1M * * * */; s/in [0-9]+ (days|hours|minutes)/in SOME TIME/g
    s#acme-challenge/[A-Za-z0-9_-]+#acme-challenge/TOKEN#g; s/generation [0-9]+/generation N/; s/from minute [0-9]+ on/from minute M on/'
}

# fails NAME EXIT COMMAND...: says what failures/NAME.txt has.
fails() {
  local name=$1 code=$2 exit_code
  shift 2
  "$@" >/tmp/said.raw 2>&1 </dev/null
  exit_code=$?
  normalised </tmp/said.raw >"/tmp/$name.txt"
  expect "$name: exit code $code" test "$exit_code" = "$code"
  expect "$name: what it says" diff "$expected/$name.txt" "/tmp/$name.txt"
  if [[ -n ${AUTOHTTPS_SHOW:-} || ! -f $expected/$name.txt ]]; then
    printf '>>> %s\n' "$name"
    cat "/tmp/$name.txt"
    printf '<<<\n'
  fi
}

works() {  # NAME COMMAND...
  local name=$1
  shift
  expect "$name: put right, the same command works at once" "$@"
}

clean() {  # as at the beginning
  autohttps uninstall --yes >/dev/null 2>&1
  rm -rf /var/lib/autohttps
  cp /tmp/hosts /etc/hosts
}

dns() { curl -sS --noproxy '*' -o /dev/null -X POST -d "$2" "$CA_DNS/$1"; }  # what the CA sees

say "port taken"
openssl s_server -accept 80 -cert "$CA_TRUST" -key /tmp/ca/ca-key.pem -quiet >/dev/null 2>&1 </dev/zero &
holder=$!
eventually 5 bash -c '(exec 3<>/dev/tcp/127.0.0.1/80) 2>/dev/null'
openssl s_server -accept 443 -cert "$CA_TRUST" -key /tmp/ca/ca-key.pem -quiet >/dev/null 2>&1 </dev/zero &
other_holder=$!
eventually 5 bash -c '(exec 3<>/dev/tcp/127.0.0.1/443) 2>/dev/null'
fails port_taken 5 "${setup[@]}" --root /srv/a
fails port_taken_for_the_question 5 "${setup[@]}"
kill $holder $other_holder
wait $holder $other_holder 2>/dev/null
works port_taken "${setup[@]}"
clean

say "wrong address"
sed -i 's/^127.0.0.1 a.test/203.0.113.9 a.test/' /etc/hosts
dns add-a '{"host": "a.test", "addresses": ["203.0.113.9"]}'
fails wrong_address 3 "${setup[@]}"
cp /tmp/hosts /etc/hosts
dns clear-a '{"host": "a.test"}'
works wrong_address "${setup[@]}"
clean

say "no address"
sed -i '/a.test/d' /etc/hosts
dns set-default-ipv4 '{"ip": ""}'
fails no_address 3 "${setup[@]}"
cp /tmp/hosts /etc/hosts
dns set-default-ipv4 '{"ip": "127.0.0.1"}'
works no_address "${setup[@]}"
clean

say "AAAA elsewhere"
echo "2001:db8::9 a.test" >>/etc/hosts
dns add-aaaa '{"host": "a.test", "addresses": ["2001:db8::9"]}'
dns add-a '{"host": "a.test", "addresses": ["203.0.113.9"]}'
fails ipv6_elsewhere 3 "${setup[@]}"
cp /tmp/hosts /etc/hosts
dns clear-aaaa '{"host": "a.test"}'
dns clear-a '{"host": "a.test"}'
works ipv6_elsewhere "${setup[@]}"
clean

say "no right to write: the store's file system, that of /etc"
mkdir -p /var/lib/autohttps
mount -t tmpfs -o ro,mode=0700 none /var/lib/autohttps
fails store_read_only 5 "${setup[@]}"
umount /var/lib/autohttps
works store_read_only "${setup[@]}"
clean
mkdir -p /etc/autohttps
mount -t tmpfs -o ro,mode=0755 none /etc/autohttps
fails etc_read_only 5 "${setup[@]}"
umount /etc/autohttps
works etc_read_only "${setup[@]}"
clean

say "a trial's certificate in the way"
(CA_HTTP_PORT=80 CA_TLS_PORT=443 exec "$sources/tests/support/pebble.sh" /tmp/trial) >/dev/null 2>&1 &
eventually 15 test -s /tmp/trial/ca.env
trial=$(sed -n 's/^CA_DIRECTORY=//p' /tmp/trial/ca.env)
expect "trial: a certificate of the test CA" autohttps setup a.test --server "$trial" \
  --ca-bundle /tmp/trial/ca.pem --agree-tos --yes
before=$(stored_serial a.test)
works trial "${setup[@]}"
expect "trial: the real CA's has taken its place" test "$(stored_serial a.test)" != "$before"
clean

say "a limit"
for _ in 1 2 3 4 5 6 7 8 9 10; do
  "${setup[@]}" --limits letsencrypt --force >/tmp/forced 2>&1 || break
done
fails limit 4 "${setup[@]}" --limits letsencrypt --force
works limit "${setup[@]}" --limits letsencrypt  # what is there is good: nothing needs to be asked
clean

say "the clock"
fails clock_nonsense 2 faketime '1970-01-02 00:00:00' "${setup[@]}"
fails clock_behind 1 faketime -f -30d "${setup[@]}"
fails clock_ahead 1 faketime -f +7300d "${setup[@]}"
works clock "${setup[@]}"
clean

say "the CA is down"
pebble_stop
fails ca_down 1 "${setup[@]}"
pebble_start /tmp/ca || give_up "Pebble did not start again"
works ca_down "${setup[@]}"
clean

say "not root"
as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/tmp/nobody)
fails not_root 5 "${as_user[@]}" "${setup[@]}"
expect "not_root: --plan works for everybody" "${as_user[@]}" "${setup[@]}" --plan
works not_root "${setup[@]}"
clean

say "nobody to ask"
fails not_asked 2 autohttps setup a.test "${at_ca[@]}" --agree-tos
fails terms 2 autohttps setup a.test "${at_ca[@]}" --yes
works terms "${setup[@]}"
finish
