#!/usr/bin/env bash
# testssl.sh against the README's example with a certificate of a CA: protocols, suites, forward
# secrecy, and every vulnerability it knows of. In tests/support/sandbox.sh.
set -u
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
in_sandbox "$0" --without-package

# Findings above INFO that are meant to be. cipher_order: the client chooses among our suites, as
# Mozilla's guideline says ("Cipher preference: client chooses"): all are good, and phones without
# AES in hardware prefer ChaCha20. engine_problem: Debian's openssl, with which testssl looks, has no
# GOST engine; neither has the server.
meant="^(cipher_order|engine_problem)$"

command -v testssl >/dev/null || give_up "testssl is not installed: apt-get install testssl.sh"
example=$(build_folder)/examples/hello_https
[[ -x $example ]] || give_up "$example is not built"

start_ca tls.test
# The address too: parts of testssl 3.0 send no name, and without a certificate for the address
# they would only meet our alert.
"$example" tls.test 127.0.0.1 "${at_ca[@]}" --store /tmp/store >/tmp/server.log 2>&1 &
answers() {
  local host
  for host in tls.test 127.0.0.1; do
    [[ $(curl -s --cacert "$(trusted)" "https://$host/hello") == hi ]] || return 1
  done
}
eventually 30 answers || {
  cat /tmp/server.log
  give_up "the example does not serve"
}

say "testssl -p -s -f -U"
testssl -p -s -f -U --add-ca "$(trusted)" --ip 127.0.0.1 --color 0 --warnings off \
  --jsonfile /tmp/findings.json tls.test:443 >/tmp/testssl.out 2>&1 </dev/null
grep -E '"(id|severity|finding)"' /tmp/findings.json | sed -E 's/^ *"[a-z]+" *: *"//; s/",?$//' |
  paste -d '\t' - - - >/tmp/findings

# Its severities above INFO. WARN: it could not look, which is not a pass either.
above_info() { awk -F '\t' -v meant="$meant" '$2 !~ /^(OK|INFO|DEBUG)$/ && $1 !~ meant' /tmp/findings; }
nothing_above_info() {
  above_info
  [[ -z $(above_info) ]]
}
found() { grep -qE "^$1	$2	$3" /tmp/findings; }  # ID SEVERITY FINDING

expect "it looked at all of it" test "$(wc -l </tmp/findings)" -ge 40
expect "nothing above INFO but what is meant" nothing_above_info
expect "TLS 1.2 is offered" found TLS1_2 OK offered
expect "TLS 1.3 is offered" found TLS1_3 OK offered
expect "forward secrecy is offered" found "P?FS" OK offered
expect "no renegotiation by clients" found secure_client_renego OK "not vulnerable"
expect "the server still serves" answers
((failed == 0)) || cat /tmp/testssl.out
finish
