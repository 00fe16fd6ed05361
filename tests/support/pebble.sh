#!/usr/bin/env bash
# A Pebble (Let's Encrypt's test CA) and its DNS on free loopback ports, for the demo, the
# integration tests and the benches.
#
#   source pebble.sh; pebble_start FOLDER; ...; pebble_stop
#   pebble.sh FOLDER          prints "ready" and stays until TERM, INT or until one of the two dies
#
# What is then known, as variables and as lines of FOLDER/ca.env:
#   CA_DIRECTORY   the ACME directory URL            CA_TRUST      the file that verifies it
#   CA_MANAGEMENT  Pebble's management URL           CA_ROOT       the issued certificates' root
#   CA_DNS         challtestsrv's management URL     CA_HTTP_PORT, CA_TLS_PORT  where names answer
#   CA_DNS_SERVER  ADDRESS:PORT that Pebble asks for names and records
# Settings, from the environment: CA_HTTP_PORT and CA_TLS_PORT (else free ones), CA_STRICT=1,
# CA_VALIDITY_SECONDS, Pebble's own PEBBLE_* switches, CA_RESOLVER (ADDRESS:PORT in place of
# challtestsrv), CA_PEBBLE (the folder of its programs, else those of the PATH) and CA_SETTINGS
# (more members of its configuration, as JSON: '"keyAlgorithm": "ecdsa"'). Started again on the same
# FOLDER it comes back on the same ports, with the same TLS certificate and, as Pebble does, a new root.

pebble_free_port() {  # pebble_free_port [PORT...]: a port nobody listens on and none of these
  local port
  while :; do
    port=$((26000 + (RANDOM * 32768 + RANDOM) % 6000))
    [[ " $* " == *" $port "* ]] && continue
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

pebble_certificate_() {  # for Pebble's own HTTPS; long-lived, the clock of a test machine may be old
  [[ -s $1/ca.pem ]] && return
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -subj '/CN=a test CA' -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
    -addext 'basicConstraints=critical,CA:TRUE' \
    -keyout "$1/ca-key.pem" -out "$1/ca.pem" 2>"$1/openssl.log" || { cat "$1/openssl.log" >&2; return 1; }
}

pebble_settings_() {  # FOLDER HTTP TLS ACME MANAGEMENT
  local validity=""  # a profile's from 2.8 on, where the old member means nothing
  [[ -z ${CA_VALIDITY_SECONDS:-} ]] || validity="\"certificateValidityPeriod\": $CA_VALIDITY_SECONDS,
  \"profiles\": {\"default\": {\"description\": \"the only one\", \"validityPeriod\": $CA_VALIDITY_SECONDS}},"
  cat >"$1/pebble.json" <<JSON
{"pebble": {"listenAddress": "127.0.0.1:$4", "managementListenAddress": "127.0.0.1:$5",
  "certificate": "$1/ca.pem", "privateKey": "$1/ca-key.pem", $validity
  "httpPort": $2, "tlsPort": $3, "ocspResponderURL": "", "externalAccountBindingRequired": false,
  "domainBlocklist": ["blocked-domain.example"]${CA_SETTINGS:+, $CA_SETTINGS}}}
JSON
}

pebble_launch_() {  # FOLDER DNS-PORT DNS-MANAGEMENT-PORT: both in the background, ending with us
  local help dns
  help=$(pebble-challtestsrv -help 2>&1)
  dns=(-dns01 "127.0.0.1:$2")  # the flag's name up to 2.9
  [[ $help != *-dnsserver* ]] || dns=(-dnsserver "127.0.0.1:$2")
  [[ $help != *-doh* ]] || dns+=(-doh "")
  setpriv --pdeathsig KILL pebble-challtestsrv -defaultIPv4 127.0.0.1 -defaultIPv6 "" -http01 "" \
    -https01 "" -tlsalpn01 "" "${dns[@]}" -management "127.0.0.1:$3" \
    >"$1/dns.log" 2>&1 </dev/null &
  pebble_dns_pid=$!
  local strict=()
  [[ ${CA_STRICT:-} != 1 ]] || strict=(-strict)
  PEBBLE_VA_NOSLEEP=${PEBBLE_VA_NOSLEEP-1} PEBBLE_WFE_NONCEREJECT=${PEBBLE_WFE_NONCEREJECT-0} \
    setpriv --pdeathsig KILL pebble -config "$1/pebble.json" -dnsserver "$CA_DNS_SERVER" \
    "${strict[@]}" >"$1/pebble.log" 2>&1 </dev/null &
  pebble_pid=$!
}

# Until both answer; false when one ended or Pebble has said nothing for 15 s. It makes all keys of
# its chains first and names each: that takes what chance and the machine's other work want, and who
# starts it anew begins with the first.
pebble_wait_() {
  local give_up=$((SECONDS + 15)) said="" says
  while ((SECONDS < give_up)); do
    kill -0 "$pebble_pid" 2>/dev/null && kill -0 "$pebble_dns_pid" 2>/dev/null || return 1
    if ! curl -fs --noproxy '*' --cacert "$CA_TRUST" -o "$1/directory.json" "$CA_DIRECTORY"; then
      says=$(stat -c %s "$1/pebble.log")
      [[ $says == "$said" ]] || give_up=$((SECONDS + 15))
      said=$says
    elif curl -s --noproxy '*' -o /dev/null "$CA_DNS/" &&
      curl -fs --noproxy '*' --cacert "$CA_TRUST" -o "$CA_ROOT" "$CA_MANAGEMENT/roots/0"; then
      return 0
    fi
    sleep 0.02
  done
  return 1
}

pebble_start() {  # FOLDER
  local folder attempt ports acme management dns dns_management tool PATH=${CA_PEBBLE:+$CA_PEBBLE:}$PATH
  for tool in pebble pebble-challtestsrv openssl curl setpriv; do
    command -v "$tool" >/dev/null || { echo "pebble.sh: $tool is not installed" >&2; return 1; }
  done
  mkdir -p "$1" && folder=$(cd "$1" && pwd) && pebble_certificate_ "$folder" || return 1
  for attempt in 1 2 3 4 5; do  # a port may be taken between our look and Pebble's bind
    if [[ -s $folder/ports ]]; then
      read -r CA_HTTP_PORT CA_TLS_PORT acme management dns dns_management <"$folder/ports"
    else
      CA_HTTP_PORT=${CA_HTTP_PORT:-$(pebble_free_port)}
      CA_TLS_PORT=${CA_TLS_PORT:-$(pebble_free_port "$CA_HTTP_PORT")}
      ports="$CA_HTTP_PORT $CA_TLS_PORT"
      acme=$(pebble_free_port $ports); ports+=" $acme"
      management=$(pebble_free_port $ports); ports+=" $management"
      dns=$(pebble_free_port $ports); ports+=" $dns"
      dns_management=$(pebble_free_port $ports)
    fi
    pebble_settings_ "$folder" "$CA_HTTP_PORT" "$CA_TLS_PORT" "$acme" "$management"
    CA_DIRECTORY=https://localhost:$acme/dir CA_MANAGEMENT=https://localhost:$management
    CA_DNS=http://127.0.0.1:$dns_management CA_DNS_SERVER=${CA_RESOLVER:-127.0.0.1:$dns}
    CA_TRUST=$folder/ca.pem CA_ROOT=$folder/root.pem
    pebble_launch_ "$folder" "$dns" "$dns_management"
    if pebble_wait_ "$folder"; then
      echo "$CA_HTTP_PORT $CA_TLS_PORT $acme $management $dns $dns_management" >"$folder/ports"
      printf '%s\n' "CA_DIRECTORY=$CA_DIRECTORY" "CA_MANAGEMENT=$CA_MANAGEMENT" "CA_DNS=$CA_DNS" \
        "CA_DNS_SERVER=$CA_DNS_SERVER" "CA_TRUST=$CA_TRUST" "CA_ROOT=$CA_ROOT" "CA_HTTP_PORT=$CA_HTTP_PORT" \
        "CA_TLS_PORT=$CA_TLS_PORT" >"$folder/ca.env"
      return 0
    fi
    pebble_stop
  done
  echo "pebble.sh: Pebble did not start; its last words:" >&2
  tail -n 5 "$folder/pebble.log" "$folder/dns.log" >&2
  return 1
}

pebble_stop() {
  local pid
  for pid in ${pebble_pid:-} ${pebble_dns_pid:-}; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  pebble_pid="" pebble_dns_pid=""
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  [[ $# == 1 ]] || { echo "usage: pebble.sh FOLDER" >&2; exit 2; }
  trap 'pebble_stop; exit 0' TERM INT
  trap pebble_stop EXIT
  pebble_start "$1" || exit 1
  echo ready
  wait -n "$pebble_pid" "$pebble_dns_pid"
  echo "pebble.sh: Pebble ended by itself" >&2
  exit 1
fi
