#!/usr/bin/env bash
# Unpacks the Pebble of another Debian suite, a static program that runs on this one too, and prints
# the folder of its programs:
#
#   newer_pebble.sh FOLDER SUITE      e.g. newer_pebble.sh build/pebble sid
#
# It lies in FOLDER/NUMBER/usr/bin, e.g. FOLDER/2.10.0/usr/bin, where the integration tests look.
# What FOLDER holds already is not fetched again. The mirror and its settings are this machine's
# apt's; nothing is installed, and its sources, lists and caches are not touched.
set -euo pipefail
# shellcheck source=tests/support/debian_apt.sh
source "$(dirname "$0")/debian_apt.sh"
[[ $# == 2 ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
folder=$1 suite=$2

fail() { echo "newer_pebble.sh: $*" >&2; exit 1; }

command -v apt-get >/dev/null || fail "no apt here"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
exec 9>"$folder/lock"  # two builds of one tree
flock 9
stamp=$folder/$suite.number
programs() { echo "$folder/$(cat "$stamp" 2>/dev/null || echo none)/usr/bin"; }

if [[ ! -x $(programs)/pebble ]]; then
  apart=$folder/$suite.apt
  rm -rf "$apart"
  trap 'rm -rf "$apart"' EXIT  # the lists are larger than all the rest
  debian_apt_apart "$apart" <<<"deb $(debian_signed_by)$(debian_main_repository) $suite main"
  { apt-get "${apt_options[@]}" update && cd "$apart" && apt-get "${apt_options[@]}" download pebble; } \
    >"$folder/$suite.log" 2>&1 </dev/null ||
    { tail -n 5 "$folder/$suite.log" >&2; fail "could not get the pebble of $suite"; }
  packages=("$apart"/pebble_*.deb)
  version=$(dpkg-deb -f "${packages[0]}" Version)
  number=${version#*:} number=${number%%[+~-]*}
  rm -rf "$apart/tree" "${folder:?}/$number"
  dpkg-deb -x "${packages[0]}" "$apart/tree" && mv "$apart/tree" "$folder/$number" || fail "${packages[0]}"
  "$folder/$number/usr/bin/pebble" -help >"$folder/$suite.log" 2>&1 || [[ $(<"$folder/$suite.log") == *-config* ]] ||
    { tail -n 5 "$folder/$suite.log" >&2; fail "the pebble of $suite does not run here"; }
  echo "$number" >"$stamp"
fi
programs
