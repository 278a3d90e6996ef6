#!/bin/sh
# Sets up this machine as the agent of the tunnel: it dials out to the relay, and lets the relay reach the
# Service Layer at {{service_layer}} and nothing else. Printed by `b1-coupa tunnel agent-config`.
#
# Run it as root with the file that holds the agent's private key. Running it again is harmless.
#
#     sh agent.sh agent.key
set -eu
key=${1:?the file with the private key of the agent is missing: sh agent.sh agent.key}
for tool in wg wg-quick nft ip ping systemctl; do
  command -v "$tool" >/dev/null || {
    echo "$tool is missing: install wireguard-tools, nftables, iproute2 and iputils-ping first" >&2
    exit 1
  }
done
if [ "$(wg pubkey <"$key")" != "{{agent_public_key}}" ]; then
  echo "$key does not hold the private key of {{agent_public_key}}" >&2
  exit 1
fi
if [ ! -e /sys/class/net/b1coupa ] && [ "$(cat /proc/sys/net/ipv4/ip_forward)" != 0 ] {{unless_router}}; then
  echo "this machine forwards for others already, which these rules would end: print the script again with --router" >&2
  exit 1
fi
umask 077
mkdir -p /etc/wireguard /usr/local/lib/b1-coupa
[ "$key" -ef /etc/wireguard/b1coupa.key ] || cp "$key" /etc/wireguard/b1coupa.key

# Forwarding is needed only where the Service Layer runs on another machine.
cat >/etc/wireguard/b1coupa.conf <<'END'
[Interface]
Address = {{agent_address}}/32
PreUp = nft -f /etc/wireguard/b1coupa.nft
PreUp = ip -4 -o address show to {{service_layer_ip}} | grep -q . || echo 1 >/proc/sys/net/ipv4/ip_forward
PostUp = wg set %i private-key /etc/wireguard/b1coupa.key
PostDown = nft delete table inet b1coupa

[Peer]
PublicKey = {{relay_public_key}}
Endpoint = {{relay}}
AllowedIPs = {{relay_address}}/32
PersistentKeepalive = 25
END

cat >/etc/wireguard/b1coupa.nft <<'END'
table inet b1coupa
delete table inet b1coupa
table inet b1coupa {
  chain reached {
    type nat hook prerouting priority dstnat;
    iifname "b1coupa" ip saddr {{relay_address}} ip daddr {{agent_address}} tcp dport {{port}} ct mark set 0xb1c dnat ip to {{service_layer}}
  }
  chain answered {
    type nat hook postrouting priority srcnat;
    ct mark 0xb1c oifname != "b1coupa" masquerade
  }
  chain input {
    type filter hook input priority filter;
    iifname "b1coupa" ct mark 0xb1c accept
    iifname "b1coupa" ct state established,related accept
    iifname "b1coupa" drop
  }
  chain forward {
    type filter hook forward priority filter;
    tcp flags syn ct mark 0xb1c tcp option maxseg size set 1360
    ct mark 0xb1c accept
    iifname "b1coupa" drop
    oifname "b1coupa" drop
{{others}}  }
}
END

# What alone keeps WireGuard's sessions fresh on both sides is data: without it, a relay that was restarted while nothing was
# read from SAP does not know this side for two minutes. A relay that is silent is dialled anew, as for the first time.
cat >/usr/local/lib/b1-coupa/tunnel-check <<'END'
#!/bin/sh
silent=0
while :; do
  if ping -n -q -c 2 -W 2 {{relay_address}} >/dev/null 2>&1; then
    silent=0
  else
    silent=$((silent + 1))
    wg set b1coupa peer {{relay_public_key}} remove || :
    wg set b1coupa peer {{relay_public_key}} endpoint {{relay}} allowed-ips {{relay_address}}/32 persistent-keepalive 25 || :
  fi
  if [ "$silent" -ge 9 ]; then
    echo "the relay has not answered for a minute: setting up the tunnel anew" >&2
    systemctl restart wg-quick@b1coupa.service || :
    silent=0
  fi
  sleep 5
done
END
chmod 755 /usr/local/lib/b1-coupa /usr/local/lib/b1-coupa/tunnel-check

cat >/etc/systemd/system/b1-coupa-tunnel-check.service <<'END'
[Unit]
Description=Sends data through the tunnel of b1-coupa every 5 seconds
After=wg-quick@b1coupa.service network-online.target
Wants=wg-quick@b1coupa.service network-online.target

[Service]
ExecStart=/usr/local/lib/b1-coupa/tunnel-check
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
END
chmod 644 /etc/systemd/system/b1-coupa-tunnel-check.service

systemctl daemon-reload
systemctl enable wg-quick@b1coupa.service b1-coupa-tunnel-check.service
systemctl restart wg-quick@b1coupa.service b1-coupa-tunnel-check.service
echo "The agent is set up. \`wg show b1coupa\` shows the last handshake with the relay."
