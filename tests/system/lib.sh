# shellcheck shell=bash
# What the system tests share. Sourced by scripts that run inside tests/support/sandbox.sh: the
# machine around them is theirs.

sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/support/pebble.sh
source "$sources/tests/support/pebble.sh"
failed=0

say() { printf '== %s\n' "$*"; }

# expect TEXT COMMAND...: the command succeeds.
expect() {
  local text=$1
  shift
  if "$@" >/tmp/expected.out 2>&1; then
    printf 'ok      %s\n' "$text"
  else
    printf 'FAILED  %s: %s\n' "$text" "$*"
    sed 's/^/        | /' /tmp/expected.out
    failed=1
  fi
}

give_up() {
  printf 'FAILED  %s\n' "$*"
  exit 1
}

# eventually SECONDS COMMAND...: succeeds within that time.
eventually() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.2
  done
}

finish() {
  if ((failed)); then say "FAILED"; else say "all well"; fi
  exit "$failed"
}

build_folder() {  # what is tested: AUTOHTTPS_BUILD, or what there is
  local folder
  for folder in "${AUTOHTTPS_BUILD:-}" "$sources/build/release" "$sources/build/dev"; do
    [[ -n $folder && -x $folder/autohttps ]] && { realpath "$folder"; return; }
  done
  give_up "nothing is built: cmake --preset release && cmake --build --preset release"
}

# The package of what is tested; made when the program is newer.
pack() {
  local build=$1 packages=$1/system-test
  [[ ! -f $packages/made || $packages/made -ot $build/autohttps ]] || return 0
  mkdir -p "$packages"
  flock "$packages" cpack -G DEB --config "$build/CPackConfig.cmake" -B "$packages" >"$build/system-test.log" 2>&1 ||
    { cat "$build/system-test.log"; give_up "cpack"; }
  touch "$packages/made"
}

needs_root() { [[ $(id -u) == 0 ]] || { say "skipped: services need root"; exit 77; }; }

# in_sandbox "$0" "$@": the first command of a test, which goes on in a sandbox. With
# --without-package first the program is installed by cmake, as where there is no package.
in_sandbox() {
  [[ -z ${SANDBOXED:-} ]] || return 0
  needs_root
  local build
  build=$(build_folder) || exit 1
  [[ ${2:-} == --without-package ]] || pack "$build"
  AUTOHTTPS_BUILD=$build exec "$sources/tests/support/sandbox.sh" "$(realpath "$1")" "${@:2}"
}

install_program() {  # "$@" of the script
  local build package
  [[ ${1:-} != --installed ]] || return 0
  build=$(build_folder) || exit 1
  package=$(find "$build/system-test" -maxdepth 1 -name 'autohttps_*.deb' 2>/dev/null)
  if [[ ${1:-} != --without-package ]]; then
    say "dpkg -i $(basename "$package")"
    dpkg -i "$package" >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; give_up "dpkg -i $package"; }
  else
    say "cmake --install"
    cmake --install "$build" --component program --prefix /usr >/tmp/install.log 2>&1 ||
      { cat /tmp/install.log; give_up "cmake --install"; }
  fi
}

# start_ca NAME...: Pebble asks port 80 of these names, which lead to this machine.
start_ca() {
  export CA_HTTP_PORT=80 CA_TLS_PORT=443
  pebble_start /tmp/ca || give_up "Pebble did not start"
  printf '127.0.0.1 %s\n' "$*" >>/etc/hosts
  at_ca=(--server "$CA_DIRECTORY" --ca-bundle "$CA_TRUST")
}

trusted() {  # the roots of every Pebble there was
  cat /tmp/ca/root*.pem >/tmp/roots.pem
  echo /tmp/roots.pem
}

# page NAME: what is served there over HTTPS, verified.
page() { curl -sS --fail --max-time 10 --noproxy '*' --cacert "$(trusted)" "https://$1/"; }
page_is() { [[ $(page "$1") == "$2" ]]; }

served_serial() {  # of the certificate that the name is served with
  openssl s_client -connect 127.0.0.1:443 -servername "$1" </dev/null 2>/dev/null |
    openssl x509 -noout -serial | cut -d= -f2
}
stored_serial() {
  openssl x509 -noout -serial -in "/var/lib/autohttps/certificates/$1/current/fullchain.pem" | cut -d= -f2
}
serves_what_is_stored() { [[ -n $(served_serial "$1") && $(served_serial "$1") == $(stored_serial "$1") ]]; }

# Every file with its kind, mode, owner and contents; but the user database.
listing() {
  find /etc /usr /lib /var/spool/cron -xdev \( -name '*.pyc' -o -name __pycache__ -o -path '/etc/*passwd*' -o \
    -path '/etc/*group*' -o -path '/etc/*shadow*' -o -path '/etc/sub[ug]id*' \) -prune -o \
    -printf '%p %y %m %u:%g %l\n' | sort
  find /etc /var/spool/cron -type f ! -path '/etc/*passwd*' ! -path '/etc/*group*' ! -path '/etc/*shadow*' \
    ! -path '/etc/sub[ug]id*' -exec sha256sum {} + | sort -k 2
}

processes() { ps -eo comm= | grep -vxE 'ps|sort|bash|sh|grep|diff|sleep|pebble.*|find' | sort; }
