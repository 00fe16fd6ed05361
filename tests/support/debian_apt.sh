# shellcheck shell=bash disable=SC2034
# An apt apart from this machine's: the same mirror, settings and keys, other suites, and a folder
# of its own for sources, lists and caches, so that nothing of the machine's is touched. Sourced.

debian_repositories() {  # URI SUITE, of all that this machine's apt knows
  # shellcheck disable=SC2016  # apt's own variables
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | sort -u
}

debian_main_repository() {  # of Debian proper, which has every suite
  debian_repositories | grep -v -- -security | head -n 1 | cut -d ' ' -f 1
}

debian_signed_by() {  # an option of a source line
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [[ ! -e $keyring ]] || echo "[signed-by=$keyring] "
}

# debian_apt_apart FOLDER: standard input becomes its sources.list; `apt_options` are for every
# apt-get and apt-cache then. False when there is no source line.
debian_apt_apart() {
  mkdir -p "$1/lists/partial" "$1/cache/archives/partial" && cat >"$1/sources.list" && : >"$1/status" || return 1
  apt_options=(-o Dir::Etc::sourcelist="$1/sources.list" -o Dir::Etc::sourceparts=-
    -o Dir::State::lists="$1/lists" -o Dir::State::status="$1/status"
    -o Dir::Cache="$1/cache" -o APT::Sandbox::User=root -o Acquire::Retries=3)
  [[ -s $1/sources.list ]]
}
