#!/usr/bin/env bash
# setup at a terminal: www. is offered, changes and the CA's terms are shown and asked for, and no is
# no. In tests/support/sandbox.sh.
set -u
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
in_sandbox "$0" "$@"

install_program "$@"
start_ca a.test www.a.test
cron
listing >/tmp/before

# at_terminal ANSWERS COMMAND...: a line for each question.
at_terminal() {
  local answers=$1
  shift
  printf '%b' "$answers" | script -qec "$(printf '%q ' "$@")" /dev/null >/tmp/terminal 2>&1
  local code=$?
  sed 's/\r$//' /tmp/terminal
  return $code
}

setup=(autohttps setup a.test "${at_ca[@]}")
refused() { ! at_terminal "$@"; }

expect "no to all of it is no" refused 'n\nn\n' "${setup[@]}"
expect "what would change was shown" grep -q 'write /etc/autohttps/sites.d/a.test.toml' /tmp/terminal
expect "no to the terms is no" refused 'n\ny\nn\n' "${setup[@]}"
expect "the terms were shown" grep -q "The CA's terms of service: data:text/plain" /tmp/terminal
expect "Enter alone agrees to no terms" refused 'n\n\n\n' "${setup[@]}"
expect "the end of the input is no" refused '\004' "${setup[@]}"
listing >/tmp/after
expect "nothing changed" diff /tmp/before /tmp/after

expect "yes to all of it" at_terminal 'y\ny\ny\n' "${setup[@]}"
expect "www was offered" grep -q 'www.a.test leads here as well' /tmp/terminal
expect "both names are in the site" grep -qx 'names = \["a.test", "www.a.test"\]' /etc/autohttps/sites.d/a.test.toml
expect "that the terms are agreed to is kept" grep -qx 'agree_tos = true' /etc/autohttps/sites.d/a.test.toml
expect "the same again asks nothing" at_terminal '' "${setup[@]}"
expect "and changes nothing" grep -q 'nothing to change' /tmp/terminal
cat /tmp/terminal
expect "uninstall asks too" refused 'n\n' autohttps uninstall
expect "and does it when told" at_terminal 'y\n' autohttps uninstall
listing >/tmp/after
expect "nothing is left" diff /tmp/before /tmp/after
finish
