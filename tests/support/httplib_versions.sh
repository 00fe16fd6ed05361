#!/usr/bin/env bash
# Builds the server and its unit tests with the cpp-httplib of other Debian suites, and runs them:
#
#   httplib_versions.sh SUITE...     e.g. httplib_versions.sh trixie sid
#
# The header is that of the suite's source package, compiled in: its libraries want that suite's
# libc. The distributions build with the same macros. Builds are in build/httplib/SUITE.
set -euo pipefail
support=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$support/../.." && pwd)
# shellcheck source=tools/lib.sh
source "$root/tools/lib.sh"

version_of() { sed -n 's/^#define CPPHTTPLIB_VERSION "\(.*\)"/\1/p' "$1"; }

header_package() {  # header_package SOURCE FOLDER: one for pkg-config, of the header alone
  local flags=
  mkdir -p "$2/include"
  cp "$1/httplib.h" "$2/include/"
  for flag in OPENSSL_SUPPORT ZLIB_SUPPORT BROTLI_SUPPORT USE_POLL; do flags+=" -DCPPHTTPLIB_$flag"; done
  cat >"$2/cpp-httplib.pc" <<PC
Name: cpp-httplib
Description: the header alone
Version: $(version_of "$1/httplib.h")
Libs: -lssl -lcrypto -lz -lbrotlicommon -lbrotlidec -lbrotlienc
Cflags: -I$2/include$flags
PC
}

check_suite() {
  local suite=$1 work=$root/build/httplib/$1 sources
  sources=$("$support/debian_source.sh" cpp-httplib "$work" "$suite") || return 1
  step "cpp-httplib $(version_of "$sources/httplib.h") of $suite"
  header_package "$sources" "$work/package"
  # shellcheck disable=SC2046  # nothing, or one option
  PKG_CONFIG_PATH=$work/package quietly "$work/configure.log" cmake -S "$root" -B "$work/build" --preset dev \
    $(compiler_launcher) -DAUTOHTTPS_BUILD_TOOLS=OFF -DAUTOHTTPS_INSTALL=OFF &&
    quietly "$work/build.log" cmake --build "$work/build" -j "$(nproc)" --target test_server -- -k 0 &&
    quietly "$work/test.log" "$work/build/tests/test_server" --gtest_brief=1 || return 1
  tail -n 2 "$work/test.log"
}

[[ $# -gt 0 ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
result=0
for suite in "$@"; do check_suite "$suite" || result=1; done
exit $result
