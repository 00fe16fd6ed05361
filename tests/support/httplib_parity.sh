#!/usr/bin/env bash
# cpp-httplib's own server tests, of the version that is installed: whatever its own classes pass,
# ours pass too.
#
#   httplib_parity.sh BUILD [PATTERNS]     e.g. httplib_parity.sh build/release 'KeepAliveTest.*'
#
# BUILD holds our libraries, built with the installed cpp-httplib. Results are in build/httplib.
set -euo pipefail
support=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$support/../.." && pwd)
build=$(cd "$1" && pwd) patterns=${2:-*}
work=$root/build/httplib

sources=$("$support/debian_source.sh" cpp-httplib "$work/installed" installed libcpp-httplib-dev)

echo "the library's own classes:"
"$support/httplib_suite.sh" "$sources" "$work/stock" --filter "$patterns" || true  # what they fail, ours may
echo "ours:"
"$support/httplib_suite.sh" "$sources" "$work/ours" --filter "$patterns" \
  --header "$support/httplib_suite_server.h" \
  --server autohttps_suite::Server --ssl-server autohttps_suite::SslServer \
  --cxxflags "-std=c++20 -O0 -I$build/include" \
  --link "-L$build -Wl,-rpath,$build -lautohttps_server -lautohttps_tls -lautohttps_common -lcurl" || true

passed() { awk -F '\t' '$2 == "PASS" { print $1 }' "$1/results.tsv" | sort; }

[[ -n $(passed "$work/stock") ]] || { echo "the library passes none of its own tests" >&2; exit 1; }
lost=$(comm -23 <(passed "$work/stock") <(passed "$work/ours"))
if [[ -n $lost ]]; then
  printf 'passed by the library and not by us (build/httplib/ours/fail):\n%s\n' "$lost" >&2
  exit 1
fi
echo "all $(passed "$work/stock" | wc -l) that the library passes"
