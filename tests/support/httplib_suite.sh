#!/usr/bin/env bash
# Runs cpp-httplib's own server tests, with another server in place of its own.
#
#   httplib_suite.sh SOURCE WORK [options]
#     --header FILE      declares the classes below
#     --server NAME      in place of httplib::Server
#     --ssl-server NAME  in place of httplib::SSLServer
#     --cxxflags WORDS   of the compiler (default: -std=c++20 -O0)
#     --link WORDS       of the linker, before cpp-httplib's own
#     --header-only      compile SOURCE's httplib.h, not the installed library's
#     --filter PATTERNS  shell patterns of test names, with : between them
#
# SOURCE: an unpacked source package of the version that is compiled against (debian_source.sh).
# WORK gets results.tsv (test, result, seconds) and fail/TEST.log. Each test runs in a process of its own,
# so that a hang or a crash costs one; all of them in a network of their own where the kernel
# allows one, since they use fixed ports. Exit 0 if none failed.
set -euo pipefail
support=$(cd "$(dirname "$0")" && pwd)
most_seconds=60  # for one test; the slowest takes 28 by itself
retries=2        # several connect 1 ms after they have started the server's thread

fail() { echo "httplib_suite.sh: $*" >&2; exit 2; }

[[ $# -ge 2 ]] || { sed -n '2,17s/^# \{0,1\}//p' "$0"; exit 2; }
source_folder=$(cd "$1" && pwd) work=$2
shift 2
header='' server=httplib::Server ssl_server=httplib::SSLServer
cxxflags='-std=c++20 -O0' link='' header_only=0 filter='*'
while [[ $# -gt 0 ]]; do
  case $1 in
    --header) header=$(realpath "$2"); shift 2 ;;
    --server) server=$2; shift 2 ;;
    --ssl-server) ssl_server=$2; shift 2 ;;
    --cxxflags) cxxflags=$2; shift 2 ;;
    --link) link=$2; shift 2 ;;
    --header-only) header_only=1; shift ;;
    --filter) filter=$2; shift 2 ;;
    *) fail "unknown option: $1" ;;
  esac
done
[[ -f $source_folder/test/test.cc ]] || fail "$source_folder holds no test/test.cc"
mkdir -p "$work"
work=$(cd "$work" && pwd)

version() { sed -n 's/^#define CPPHTTPLIB_VERSION "\(.*\)"/\1/p' "$1/httplib.h"; }

make_certificates() {  # as test/Makefile and gen-certs.sh do, in less words
  local v1=-x509
  ! openssl version | grep -Eq '^OpenSSL 3\.([2-9]|[1-9][0-9])' || v1=-x509v1
  signed_by_itself() {
    openssl req -new -batch -config test.conf -key "$1" | openssl x509 -days 3650 -req -signkey "$1" -out "$2"
  }
  signed_by_root() {
    openssl req -new -batch -config test.conf -key "$1" "${@:3}" |
      openssl x509 -days 370 -req -CA rootCA.cert.pem -CAkey rootCA.key.pem -CAcreateserial -out "$2"
  }
  openssl genrsa -out key.pem 2048 && signed_by_itself key.pem cert.pem &&
    openssl req -x509 -config test.conf -key key.pem -sha256 -days 3650 -nodes -out cert2.pem -extensions SAN &&
    openssl genrsa -out rootCA.key.pem 2048 &&
    openssl req "$v1" -new -batch -config test.rootCA.conf -key rootCA.key.pem -days 1024 -out rootCA.cert.pem &&
    openssl genrsa -out client.key.pem 2048 && signed_by_root client.key.pem client.cert.pem &&
    openssl genrsa -passout pass:test123! -out key_encrypted.pem 2048 &&
    signed_by_itself key_encrypted.pem cert_encrypted.pem &&
    openssl genrsa -aes256 -passout pass:test012! -out client_encrypted.key.pem 2048 &&
    signed_by_root client_encrypted.key.pem client_encrypted.cert.pem -passin pass:test012!
}

build() {
  local flags
  if [[ $header_only == 1 ]]; then
    flags="-I$source_folder -DCPPHTTPLIB_OPENSSL_SUPPORT -DCPPHTTPLIB_ZLIB_SUPPORT -DCPPHTTPLIB_BROTLI_SUPPORT -DCPPHTTPLIB_USE_POLL"
    link+=' -lssl -lcrypto -lz -lbrotlicommon -lbrotlidec -lbrotlienc'
  else
    flags=$(pkg-config --cflags cpp-httplib) || fail "pkg-config knows no cpp-httplib"
    link+=" $(pkg-config --libs cpp-httplib) -lssl -lcrypto"
    local installed
    installed=$(version "$(pkg-config --variable=includedir cpp-httplib)")
    [[ $installed == "$(version "$source_folder")" ]] ||
      fail "installed is $installed, $source_folder is of $(version "$source_folder")"
  fi
  ! grep -q '<curl/curl.h>' "$source_folder/test/test.cc" || link+=' -lcurl'
  grep -q char8_t "$source_folder/test/test.cc" || cxxflags+=' -fno-char8_t'  # u8"" as before C++20
  # shellcheck disable=SC2086  # lists of words
  ${CXX:-g++} $cxxflags -w $flags -o "$work/suite" "$work/suite.cc" $link -lgtest -lgtest_main -lz -pthread
}

is_wanted() {
  local pattern patterns
  IFS=: read -r -a patterns <<<"$filter"
  for pattern in "${patterns[@]}"; do
    # shellcheck disable=SC2254  # patterns are meant
    case $1 in $pattern) return 0 ;; esac
  done
  return 1
}

run_one() {  # run_one TEST: prints its result, leaves its output in `log`
  local status=0
  timeout -k 5 "$most_seconds" ./suite --gtest_filter="$1:*/$1/*" >log 2>&1 </dev/null || status=$?
  case $status in
    0) if grep -qE '^\[  SKIPPED \]|Running 0 tests' log; then echo SKIP; else echo PASS; fi ;;
    124 | 137) echo HANG ;;
    *) if ((status > 128)); then echo CRASH; else echo FAIL; fi ;;
  esac
}

run_all() {
  local test result try before passed=0 failed=0 skipped=0
  mkdir fail
  while read -r test; do
    is_wanted "$test" || continue
    before=$SECONDS
    for ((try = 0; try <= retries; ++try)); do
      result=$(run_one "$test")
      [[ $result != PASS && $result != SKIP ]] || break
    done
    printf '%s\t%s\t%s\n' "$test" "$result" $((SECONDS - before)) >>results.tsv
    case $result in
      PASS) ((++passed)) ;;
      SKIP) ((++skipped)) ;;
      *) ((++failed)); cp log "fail/$test.log"; echo "$result $test" ;;
    esac
  done <tests.txt
  rm -f log
  echo "$passed passed, $failed failed, $skipped skipped"
  ((failed == 0 && passed > 0))
}

perl "$support/httplib_substitute.pl" "$source_folder/test/test.cc" "$work/suite.cc" "$work/tests.txt" \
  "$header" "$server" "$ssl_server"
cp -r "$source_folder"/test/{www,www2,www3,image.jpg,ca-bundle.crt,*.conf} "$work/"
cd "$work"
rm -rf fail results.tsv  # of another run
[[ -f client_encrypted.cert.pem ]] || make_certificates >certificates.log 2>&1 ||
  { tail -n 5 certificates.log >&2; fail "making the tests' certificates failed"; }
build
if unshare -n true 2>/dev/null; then
  export -f run_all run_one is_wanted
  export filter most_seconds retries
  exec unshare -n bash -c 'ip link set lo up 2>/dev/null; run_all'
fi
echo "no network of its own: the tests use this machine's ports" >&2
run_all
