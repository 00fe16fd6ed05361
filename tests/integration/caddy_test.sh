#!/usr/bin/env bash
# Debian's Caddy as the CA (its acme_server, Smallstep's code): another one than Pebble. It asks
# port 80 of the name, so all of it runs in a network and with a hosts file of its own. Root.
#
#   caddy_test.sh PROGRAM      exit 77: cannot be run here
set -u
sources=$(cd "$(dirname "$0")/../.." && pwd)
program=$1

if [[ ${2:-} != --inside ]]; then
  for unpacked in "$sources"/build/caddy/*/usr/bin; do PATH=$PATH:$unpacked; done
  command -v caddy >/dev/null || { echo "skipped: no caddy here"; exit 77; }
  [[ $(id -u) == 0 ]] && unshare --net --mount true 2>/dev/null || { echo "skipped: not root"; exit 77; }
  work=$(mktemp -d "${TMPDIR:-/tmp}/autohttps-caddy-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  # Whatever happens inside, its first process takes all others with it.
  unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private \
    bash "$0" "$program" --inside "$work"
  exit
fi

work=$3
failed=0
directory=https://localhost:8443/acme/local/directory
store=(--store "$work/store")

fail() { echo "FAILED: $*"; failed=1; }

run() {  # run EXPECTED-CODE ARGUMENT...
  local expected=$1 code=0
  shift
  "$program" "$@" "${store[@]}" >"$work/said" 2>&1 || code=$?
  [[ $code == "$expected" ]] || { fail "$1: exit $code, not $expected"; cat "$work/said"; }
}

number() { readlink "$work/store/certificates/a.test/current"; }

start_caddy() {
  caddy run --config "$work/caddy.json" >"$work/caddy.log" 2>&1 &
  caddy=$!
  local tries
  for tries in {1..150}; do
    curl -s --cacert "$work/ca/pki/authorities/local/root.crt" -o "$work/directory" "$directory" && return
    sleep 0.1
  done
  echo "FAILED: Caddy did not start after $tries tries"
  tail -n 5 "$work/caddy.log"
  exit 1
}

stop_caddy() {
  kill "$caddy"
  wait "$caddy"
}

ip link set lo up
printf '127.0.0.1 localhost a.test b.test\n' >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts
export HOME=$work XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config AUTOHTTPS_CONFIG=/dev/null
cat >"$work/caddy.json" <<JSON
{"admin": {"disabled": true}, "storage": {"module": "file_system", "root": "$work/ca"},
 "apps": {
   "http": {"http_port": 8009, "servers": {"ca": {"listen": ["127.0.0.1:8443"],
     "routes": [{"handle": [{"handler": "acme_server", "ca": "local", "host": "localhost:8443"}]}],
     "automatic_https": {"disable": true}, "tls_connection_policies": [{}]}}},
   "tls": {"certificates": {"automate": ["localhost"]},
           "automation": {"policies": [{"subjects": ["localhost"], "issuers": [{"module": "internal"}]}]}},
   "pki": {"certificate_authorities": {"local": {"install_trust": false}}}}}
JSON

start_caddy
run 0 obtain a.test b.test --server "$directory" --ca-bundle "$work/ca/pki/authorities/local/root.crt" --agree-tos \
  --limits none
[[ $(number) == generations/1 ]] || fail "no certificate"
openssl verify -CAfile "$work/ca/pki/authorities/local/root.crt" -untrusted "$work/store/certificates/a.test/current/chain.pem" \
  "$work/store/certificates/a.test/current/cert.pem" >"$work/verified" 2>&1 || { fail "the chain"; cat "$work/verified"; }
run 0 renew
[[ $(number) == generations/1 ]] || fail "renewed though nothing was due"
run 0 renew --force
[[ $(number) == generations/2 ]] || fail "not renewed"

# F7, F8: a CA that lost its accounts. This one says so; those that fall over instead are scripted.
stop_caddy
rm -rf "$work/data/caddy/acme_server"
key=$(sha256sum "$work"/store/accounts/*/*/key.pem)
start_caddy
run 0 renew --force
[[ $(number) == generations/3 ]] || fail "not renewed after the CA lost its accounts"
[[ $(sha256sum "$work"/store/accounts/*/*/key.pem) == "$key" ]] || fail "I1: another account key"
stop_caddy
exit $failed
