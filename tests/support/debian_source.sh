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
package=$1 folder=$2 suite=$3 binary=${4:-}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() { echo "debian_source.sh: $*" >&2; exit 1; }

repositories() {  # URI SUITE, of all that this machine's apt knows
  # shellcheck disable=SC2016  # apt's own variables
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | sort -u
}

sources() {  # the lines of a sources.list
  local signed=
  [[ ! -e $keyring ]] || signed="[signed-by=$keyring] "
  if [[ $suite == installed ]]; then
    repositories | sed "s|.*|deb-src $signed& main|"
  else
    echo "deb-src $signed$(main_repository) $suite main"
  fi
}

main_repository() {  # of Debian proper, which has every suite
  repositories | grep -v -- -security | head -n 1 | cut -d ' ' -f 1
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
  mkdir -p "$folder/source" "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
  sources >"$folder/apt/sources.list"
  [[ -s $folder/apt/sources.list ]] || fail "apt knows no mirror"
  : >"$folder/apt/status"
  options=(-o Dir::Etc::sourcelist="$folder/apt/sources.list" -o Dir::Etc::sourceparts=-
    -o Dir::State::lists="$folder/apt/lists" -o Dir::State::status="$folder/apt/status"
    -o Dir::Cache="$folder/apt/cache" -o APT::Sandbox::User=root)
  { apt-get "${options[@]}" update && cd "$folder/source" &&
    apt-get "${options[@]}" source --only-source "$wanted"; } >"$folder/apt.log" 2>&1 </dev/null ||
    { tail -n 20 "$folder/apt.log" >&2; fail "could not get the source of $wanted ($suite)"; }
  rm -rf "$folder/apt"  # as large as the rest of the build
  echo "$wanted $suite" >"$folder/wanted"
fi
[[ $(found | wc -l) == 1 ]] || fail "$folder/source holds no source of $package"
found
