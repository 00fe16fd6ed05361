#!/usr/bin/env bash
# Unpacks a source package of Debian's and prints the folder: what the project is built with, or
# will be, at its word.
#
#   debian_source.sh PACKAGE FOLDER installed BINARY   the version that the installed BINARY is of
#   debian_source.sh PACKAGE FOLDER SUITE              the one of that suite, e.g. trixie
#
# What FOLDER holds already is not fetched again. The mirror and its settings are this machine's
# apt's; its sources, lists and caches are not touched. Needs dpkg-dev.
set -euo pipefail
# shellcheck source=tests/support/debian_apt.sh
source "$(dirname "$0")/debian_apt.sh"
package=$1 folder=$2 suite=$3 binary=${4:-}
fail() { echo "debian_source.sh: $*" >&2; exit 1; }

sources() {  # the lines of a sources.list
  local signed
  signed=$(debian_signed_by)
  if [[ $suite == installed ]]; then
    debian_repositories | sed "s|.*|deb-src $signed& main|"
  else
    echo "deb-src $signed$(debian_main_repository) $suite main"
  fi
}

wanted=$package
if [[ $suite == installed ]]; then
  wanted=$package=$(dpkg-query -W -f '${source:Version}' "$binary") || fail "$binary is not installed"
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
found() { find "$folder/source" -mindepth 1 -maxdepth 1 -type d -name "$package-*" 2>/dev/null; }

if [[ -z $(found) || $(cat "$folder/wanted" 2>/dev/null) != "$wanted $suite" ]]; then
  rm -rf "$folder/source" "$folder/apt" "$folder/wanted"
  mkdir -p "$folder/source"
  debian_apt_apart "$folder/apt" < <(sources) || fail "apt knows no mirror"
  { apt-get "${apt_options[@]}" update && cd "$folder/source" &&
    apt-get "${apt_options[@]}" source --only-source "$wanted"; } >"$folder/apt.log" 2>&1 </dev/null ||
    { tail -n 20 "$folder/apt.log" >&2; fail "could not get the source of $wanted ($suite)"; }
  rm -rf "$folder/apt"  # as large as the rest of the build
  echo "$wanted $suite" >"$folder/wanted"
fi
[[ $(found | wc -l) == 1 ]] || fail "$folder/source holds no source of $package"
found
