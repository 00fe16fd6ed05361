#!/usr/bin/env bash
# Beside Debian's nginx and Apache, each in turn on port 80: setup finds the webroot, the printed
# snippet works as pasted, and the reload hook fires at renewal. In tests/support/sandbox.sh.
set -u
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
in_sandbox "$0" "$@"

install_program "$@"
mkdir -p /var/lib/nginx /var/log/nginx /var/log/apache2 /var/www/html /srv/own
start_ca nginx.test own.test proxied.test apache.test
echo "page of the default site" >/var/www/html/index.html
echo "page of its own" >/srv/own/index.html

# What setup printed between "write this into FILE:" and "then:", written there; then the commands.
paste_snippet() {
  local file
  file=$(sed -n 's/^For HTTPS, write this into \(.*\):$/\1/p' /tmp/out)
  [[ -n $file ]] || return 1
  sed -n '/^For HTTPS, write this into/,/^then:$/p' /tmp/out | sed '1,2d;$d' >"$file"
  sed -n '/^then:$/,/^served/p' /tmp/out | sed '1,2d;$d' | sed '/^$/d' >/tmp/then
  say "pasted into $file:"
  cat "$file"
  while read -r command; do
    say "$command"
    $command >/tmp/command.out 2>&1 </dev/null || { cat /tmp/command.out; return 1; }
  done </tmp/then
}

set_up() {  # set_up NAME: as a person would, with nothing said about the web server
  say "autohttps setup $1"
  autohttps setup "$1" "${at_ca[@]}" --agree-tos --yes >/tmp/out 2>/tmp/err || {
    cat /tmp/out /tmp/err
    give_up "setup $1"
  }
  cat /tmp/err /tmp/out
}

renewed_and_reloaded() {  # NAME: force a renewal, as cron would run it; the server takes it up
  local before
  before=$(stored_serial "$1")
  autohttps renew "$1" --force >/tmp/renew.out 2>&1 || return 1
  [[ $(stored_serial "$1") != "$before" ]] && eventually 10 serves_what_is_stored "$1"
}

say "nginx, Debian's default site"
service nginx start >/dev/null 2>&1 || nginx || give_up "nginx did not start"
set_up nginx.test
expect "the webroot is the default site's" grep -q '^webroot = "/var/www/html"' /etc/autohttps/sites.d/nginx.test.toml
expect "the reload hook is in the site's file" grep -q '^deploy = \["reload-nginx"\]' /etc/autohttps/sites.d/nginx.test.toml
expect "the snippet works as pasted" paste_snippet
expect "nginx serves it" eventually 10 page_is nginx.test "page of the default site"
expect "with the stored certificate" eventually 5 serves_what_is_stored nginx.test
expect "a renewal is served at once" renewed_and_reloaded nginx.test

say "nginx, a site with a name, which sends everybody to HTTPS but the CA"
cat >/etc/nginx/sites-enabled/own <<'N'
server {
    listen 80;
    server_name own.test;
    location /.well-known/acme-challenge/ { root /srv/own; }
    location / { return 301 https://$host$request_uri; }
}
N
nginx -s reload
sleep 0.5
set_up own.test
expect "the webroot is that location's" grep -q '^webroot = "/srv/own"' /etc/autohttps/sites.d/own.test.toml
expect "the snippet works as pasted" paste_snippet
expect "nginx serves it" eventually 10 page_is own.test "page of its own"
expect "a renewal is served at once" renewed_and_reloaded own.test
expect "nginx.test is still served" page_is nginx.test "page of the default site"

say "the same again"
autohttps setup nginx.test "${at_ca[@]}" --agree-tos --yes >/tmp/out 2>&1
expect "changes nothing" grep -q "nothing to change" /tmp/out

say "a server that passes everything on"
printf 'server { listen 80; server_name proxied.test; location / { proxy_pass http://127.0.0.1:9; } }\n' >/etc/nginx/sites-enabled/proxied
nginx -s reload
sleep 0.5
autohttps setup proxied.test "${at_ca[@]}" --agree-tos --yes >/tmp/out 2>&1
expect "is refused, with the line to add" grep -q 'location /.well-known/acme-challenge/ { root /var/www/html; }' /tmp/out
rm /etc/nginx/sites-enabled/{own,proxied}
nginx -s stop
expect "nginx has ended" eventually 10 bash -c '! pgrep -x nginx'

say "Apache, Debian's default site"
apache2ctl start >/tmp/apache.log 2>&1 || { cat /tmp/apache.log; give_up "Apache did not start"; }
set_up apache.test
expect "the webroot is the default site's" grep -q '^webroot = "/var/www/html"' /etc/autohttps/sites.d/apache.test.toml
expect "the reload hook is in the site's file" grep -q '^deploy = \["reload-apache"\]' /etc/autohttps/sites.d/apache.test.toml
expect "the snippet works as pasted" paste_snippet
expect "Apache serves it" eventually 10 page_is apache.test "page of the default site"
expect "with the stored certificate" eventually 5 serves_what_is_stored apache.test
expect "a renewal is served at once" renewed_and_reloaded apache.test

finish
