#!/usr/bin/env bash
# Unpacks a package of a Debian suite's and prints the folder of its programs, without installing
# anything: a newer version beside the distribution's, or one whose service nobody wants. For
# programs that need no other packages than are there (those in Go do not).
#
#   debian_program.sh PACKAGE FOLDER SUITE     e.g. debian_program.sh pebble build/pebble sid
#
# It lies in FOLDER/NUMBER/usr/bin (or sbin), e.g. build/pebble/2.10.0/usr/bin, where the tests look.
# What FOLDER holds already is not fetched again. The mirror and its settings are this machine's apt's;
# its sources, lists and caches are not touched.
set -euo pipefail
# shellcheck source=tests/support/debian_apt.sh
source "$(dirname "$0")/debian_apt.sh"
[[ $# == 3 ]] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
package=$1 folder=$2 suite=$3

fail() { echo "debian_program.sh: $*" >&2; exit 1; }

command -v apt-get >/dev/null || fail "no apt here"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
exec 9>"$folder/lock"  # two builds of one tree
flock 9
stamp=$folder/$suite.number
programs() {
  local tree
  tree=$folder/$(cat "$stamp" 2>/dev/null || echo none)/usr
  if [[ -x $tree/sbin/$package ]]; then echo "$tree/sbin"; else echo "$tree/bin"; fi
}

if [[ ! -x $(programs)/$package ]]; then
  apart=$folder/$suite.apt
  rm -rf "$apart"
  trap 'rm -rf "$apart"' EXIT  # the lists are larger than all the rest
  debian_apt_apart "$apart" <<<"deb $(debian_signed_by)$(debian_main_repository) $suite main"
  { apt-get "${apt_options[@]}" update && cd "$apart" && apt-get "${apt_options[@]}" download "$package"; } \
    >"$folder/$suite.log" 2>&1 </dev/null ||
    { tail -n 5 "$folder/$suite.log" >&2; fail "could not get the $package of $suite"; }
  packages=("$apart/$package"_*.deb)
  version=$(dpkg-deb -f "${packages[0]}" Version)
  number=${version#*:} number=${number%%[+~-]*}
  rm -rf "$apart/tree" "${folder:?}/$number"
  dpkg-deb -x "${packages[0]}" "$apart/tree" && mv "$apart/tree" "$folder/$number" || fail "${packages[0]}"
  # A program of a newer libc says so, and nothing else.
  echo "$number" >"$stamp"
  said=$("$(programs)/$package" -help 2>&1) || said=$("$(programs)/$package" --help 2>&1) || [[ $said == *[Uu]sage* ]] ||
    { rm "$stamp"; echo "$said" | tail -n 5 >&2; fail "the $package of $suite does not run here"; }
fi
programs
