#!/usr/bin/env bash
# slowhttptest's slow heads, slow bodies and slow readers against `autohttps serve`: it is
# available all the time, also for everybody else. In tests/support/sandbox.sh.
set -u
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
in_sandbox "$0" --without-package

# 200: enough for a server with a thread or process each to stand still (stock cpp-httplib
# does at 64, Apache's prefork at 150), and far below half of our limit of connections, which one
# address may have. 30 s: longer than the deadlines for heads (10 s), so that the first ones are cut
# while others still come. Probes may take 5 s: that says "answered", on a machine that does other
# things, and nothing about how fast.
connections=200
duration=30
rate=50
patience=5

command -v slowhttptest >/dev/null || give_up "slowhttptest is not installed: apt-get install slowhttptest"
program=$(build_folder)/autohttps

start_ca slow.test
mkdir -p /srv/slow
echo hi >/srv/slow/hello
head -c 4194304 /dev/zero >/srv/slow/big  # more than a socket holds: who reads it slowly, holds us
# The address too: slowhttptest 1.8 sends no name, and without a certificate for the address it
# would only meet our alert.
"$program" serve slow.test 127.0.0.1 --root /srv/slow "${at_ca[@]}" --agree-tos --store /tmp/store \
  >/tmp/server.log 2>&1 &
trusted >/dev/null
answers() {
  [[ $(curl -s --max-time "$patience" --cacert /tmp/roots.pem https://slow.test/hello) == hi ]]
}
eventually 30 answers || {
  cat /tmp/server.log
  give_up "it does not serve"
}

probe_while() {  # probe_while PID: new visitors, as long as it runs
  asked=0
  answered=0
  while kill -0 "$1" 2>/dev/null; do
    asked=$((asked + 1))
    answers && answered=$((answered + 1))
    sleep 0.5
  done
}

# Its report, once a second, without the colours.
report() { sed -E 's/\x1b\[[0-9;]*[A-Za-z]//g' "/tmp/$1.out"; }
always_available() {
  report "$1" | grep -qE 'service available: *YES' && ! report "$1" | grep -qE 'service available: *NO'
}
connected_all() {  # of its connections none is left waiting
  report "$1" | grep -E '^ *(pending|connected|closed|error)' | tail -n 4
  report "$1" | grep -qE '^ *pending: *0'
}

attack() {  # attack NAME PATH OPTION...
  local name=$1 path=$2
  shift 2
  say "slowhttptest $*"
  slowhttptest "$@" -c "$connections" -r "$rate" -l "$duration" -p "$patience" \
    -u "https://slow.test/$path" >"/tmp/$name.out" 2>&1 </dev/null &
  probe_while $!
  expect "$name: the service was available all the time" always_available "$name"
  expect "$name: every connection was taken" connected_all "$name"
  expect "$name: $asked new visitors meanwhile were all answered" test "$asked" = "$answered"
  expect "$name: and they were some" test "$asked" -ge 5
  ((failed == 0)) || report "$name" | tail -n 40
}

attack slow_heads hello -H -i 5 -x 24 -t GET
attack slow_bodies hello -B -i 5 -x 10 -s 8192 -t POST
# Windows of 10 to 20 bytes, 5 bytes every 5 s, 4 MiB asked for thrice on each connection.
attack slow_readers big -X -w 10 -y 20 -n 5 -z 5 -k 3
expect "the server still serves" answers
finish
