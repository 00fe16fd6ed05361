#!/usr/bin/env bash
# Prometheus' own tool takes the alert rules, finds that they fire when they should, and takes what
# the program really tells.
#
#   promtool_test.sh PROGRAM      exit 77: cannot be run here
set -u
sources=$(cd "$(dirname "$0")/../.." && pwd)
program=$1
for unpacked in "$sources"/build/prometheus/*/usr/bin; do PATH=$PATH:$unpacked; done
command -v promtool >/dev/null || { echo "skipped: no promtool here (Debian: prometheus)"; exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/autohttps-promtool-XXXXXX")
failed=0
server=
trap '[[ -z $server ]] || kill "$server"; wait; rm -rf "$work"' EXIT
expect() {  # expect WHAT COMMAND...
  local what=$1
  shift
  if "$@" >"$work/out" 2>&1; then echo "ok: $what"; else echo "FAILED: $what"; cat "$work/out"; failed=1; fi
}

expect "the rules are sound" promtool check rules "$sources/tools/packaging/monitoring/alerts.yml"
expect "they fire when they should" promtool test rules "$sources/tools/packaging/monitoring/alerts_test.yml"

# A CA that is not there: attempts fail, and that is told as well. Port 0: any that is free.
"$program" serve a.test --store "$work/store" --agree-tos --server https://127.0.0.1:9/dir --http-port 0 \
  --https-port 0 --access-log "$work/access.log" --metrics "unix:$work/metrics" --no-config >"$work/said" 2>&1 &
server=$!
ask() { curl -sf --max-time 5 --unix-socket "$work/metrics" http://localhost/metrics; }
for _ in $(seq 200); do
  ask 2>/dev/null | grep -q '^autohttps_certificate_failures{.*} [1-9]' && break
  sleep 0.1
done
ask >"$work/metrics.txt" || { echo "FAILED: no metrics"; cat "$work/said"; exit 1; }
expect "an attempt has failed" grep -q '^autohttps_certificate_last_error{.*type="network"} 1' "$work/metrics.txt"
# It wishes names and units to be as Prometheus' own programs have them; a warning is a failure.
expect "the metrics are sound" promtool check metrics <"$work/metrics.txt"
exit "$failed"
