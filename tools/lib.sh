# shellcheck shell=bash disable=SC2034
# What tools/demo and tools/test share: the Debian packages and how they are installed. Sourced.
# Everything a command of ours needs stands here, once.

packages_to_build="g++ cmake ninja-build pkg-config libssl-dev libcurl4-openssl-dev zlib1g-dev libcrypt-dev
  nlohmann-json3-dev libcpp-httplib-dev libcli11-dev libtomlplusplus-dev"
packages_to_demo="pebble openssl curl util-linux"
packages_to_package="dpkg-dev file gzip"
packages_to_test="libgtest-dev strace ccache pebble openssl curl util-linux procps iproute2 systemd man-db zsh fish
  bind9 bind9-dnsutils"
packages_to_bench_servers="nginx-light caddy libgtest-dev"
packages_to_test_long="testssl.sh slowhttptest clang clang-format clang-tidy llvm git debootstrap uacme nginx-light caddy apache2
  cron faketime busybox-syslogd iproute2 $packages_to_package lintian adduser ca-certificates
  logrotate prometheus libbrotli-dev chromium-headless-shell libnss3-tools"

say() { printf '%s\n' "$*"; }
step() { printf '== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

missing_packages() {  # those of "$@" that are not installed
  local installed package
  installed=$(dpkg-query -W -f '${Package}=${db:Status-Status}\n' "$@" 2>/dev/null)
  for package in "$@"; do
    grep -qx "$package=installed" <<<"$installed" || printf '%s ' "$package"
  done
}

# install_packages PACKAGE...: by apt when something is missing and we may; else says what to do.
install_packages() {
  command -v dpkg-query >/dev/null || {
    say "not a Debian: the packages $* (or what they are called here) are taken for installed"
    return 0
  }
  local missing
  missing=$(missing_packages "$@")
  [[ -n $missing ]] || return 0
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    die "missing packages; as root: apt-get install $missing"
  fi
  step "installing $missing"
  local apt=(apt-get -o DPkg::Lock::Timeout=300 -y) log
  log=$(mktemp)
  # shellcheck disable=SC2086  # a list of words
  if ! { DEBIAN_FRONTEND=noninteractive "${apt[@]}" update &&
    DEBIAN_FRONTEND=noninteractive "${apt[@]}" install --no-install-recommends $missing; } \
    >"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2
    rm -f "$log"
    die "apt-get could not install $missing"
  fi
  rm -f "$log"
}

compiler_launcher() {  # a cmake option when ccache is there
  if command -v ccache >/dev/null; then echo -DCMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
}

# quietly LOG COMMAND...: its output only when it fails.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 </dev/null || { tail -n 60 "$log" >&2; return 1; }
}
