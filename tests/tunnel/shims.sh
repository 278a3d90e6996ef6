# Stand-ins for what is not in the namespaces: systemd, AWS, the instance's metadata. Sourced by `run`; writes them into folders that
# come first in PATH on the machines that need them.

# As much of systemd as agent.sh and the relay's user data use. A unit's process is what its ExecStart says.
write_systemctl() {
  cat >"$1/systemctl" <<'END'
#!/bin/bash
set -eu
verb=$1 now=no units=()
shift
for word in "$@"; do
  if [ "$word" = --now ]; then now=yes; else units+=("$word"); fi
done
stop() {
  case "$1" in
    wg-quick@*) name=${1#wg-quick@}; wg-quick down "${name%.service}" >>/run/wg-quick.log 2>&1 || : ;;
    *) [ ! -e "/run/$1.pid" ] || kill -- "-$(cat "/run/$1.pid")" 2>/dev/null || : ;;
  esac
}
start() {
  case "$1" in
    wg-quick@*) name=${1#wg-quick@}; wg-quick up "${name%.service}" >>/run/wg-quick.log 2>&1 || { cat /run/wg-quick.log >&2; exit 1; } ;;
    *)
      command=$(sed -n 's/^ExecStart=//p' "/etc/systemd/system/$1")
      again=$(sed -n 's/^Restart=//p' "/etc/systemd/system/$1")
      setsid bash -c 'echo $$ >"/run/$1.pid"; unit=$2; shift 2; while :; do "$@" || :; [ "$unit" = always ] || break; sleep 1; done' - "$1" "$again" $command </dev/null >>"/run/$1.log" 2>&1 &
      ;;
  esac
}
for unit in "${units[@]}"; do
  case "$verb" in
    restart) stop "$unit"; start "$unit" ;;
    enable) [ "$now" = no ] || start "$unit" ;;
  esac
done
END
  chmod 755 "$1/systemctl"
}

# The relay's surroundings: addresses are on its interfaces already.
write_relay_shims() {
  cat >"$1/aws" <<END
#!/bin/bash
case "\$*" in
  *describe-network-interfaces*AttachmentId*) echo None ;;
  *describe-network-interfaces*MacAddress*) ip -o link show inside | sed 's/.*ether \([^ ]*\).*/\1/' ;;
  *get-secret-value*) cat "$work/secret" ;;
  *associate-address* | *attach-network-interface* | *network-interface-available*) ;;
  *) echo "unexpected: aws \$*" >&2; exit 1 ;;
esac
END
  printf '#!/bin/sh\necho i-1\n' >"$1/curl"
  printf '#!/bin/sh\n' >"$1/dnf"
  printf '#!/bin/sh\necho "the relay gave up" >&2\n' >"$1/shutdown"
  chmod 755 "$1"/*
}

# The operator's account: secrets are a file, and a stack is its parameters.
write_operator_shims() {
  cat >"$1/aws" <<END
#!/bin/bash
case "\$*" in
  *create-secret*) cp "\${@: -1:1}" "$work/secret" 2>/dev/null || cp "\$(sed 's|.*file://||' <<<"\$*")" "$work/secret" ;;
  *describe-secret*) echo arn:aws:secretsmanager:us-east-1:000000000000:secret:b1-coupa/relay-key ;;
  *describe-stacks*RelayPublicAddress*) echo 203.0.113.10 ;;
  *) echo "unexpected: aws \$*" >&2; exit 1 ;;
esac
END
  cat >"$1/sam" <<END
#!/bin/bash
sed 's/.*--parameter-overrides//' <<<"\$*" | tr ' ' '\n' | grep = >"$work/parameters"
END
  chmod 755 "$1"/*
}
