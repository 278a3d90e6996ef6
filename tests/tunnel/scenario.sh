# What happens, in order. Sourced by `run`.

# ---- the machines and the cables between them
for name in sap agent fw net relay vpc fn operator; do machine "$name"; done
cable sap lan fw sap
cable agent lan fw agent
on fw sh -c 'ip link add lan type bridge && ip link set lan up && ip link set sap master lan && ip link set agent master lan'
address fw lan 192.168.50.1/24
address sap lan 192.168.50.10/24
address agent lan 192.168.50.2/24
on agent ip route add default via 192.168.50.1
cable fw wan net customer
address fw wan 198.51.100.2/24
address net customer 198.51.100.1/24
on fw ip route add default via 198.51.100.1
cable relay outside net relay
address net relay 203.0.113.1/24
address relay outside 203.0.113.10/24
on relay ip route add default via 203.0.113.1
cable relay inside vpc relay
address relay inside 10.0.1.10/24
address vpc relay 10.0.1.1/24
cable fn eth0 vpc fn
address vpc fn 10.0.2.1/24
address fn eth0 10.0.2.20/24
on fn ip route add default via 10.0.2.1
# The routes of infra/tunnel-relay.yaml.
on vpc ip route add 10.99.0.2/32 via 10.0.1.10
on vpc ip route add default via 10.0.1.10
for name in fw net vpc; do forwards "$name"; done
on fw nft -f - <<'END'
table inet firewall {
  chain input { type filter hook input priority 0; policy drop; iifname "lan" accept; ct state established,related accept; }
  chain forward { type filter hook forward priority 0; policy drop; iifname "lan" accept; ct state established,related accept; }
  chain nat { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
}
END
on net nft -f - <<'END'
table inet line {
  chain forward { type filter hook forward priority 0; }
}
END
own_folder agent /etc/wireguard
own_folder agent /etc/systemd/system
own_folder agent /usr/local/lib
own_folder relay /etc/wireguard
own_folder relay /etc/sysctl.d
write_systemctl "$work/agent/bin"
write_systemctl "$work/relay/bin"
write_relay_shims "$work/relay/bin"
write_operator_shims "$work/operator/bin"
ln -s "$target/b1-coupa" "$work/operator/bin/b1-coupa"

# ---- SAP with the certificate that its installer makes; Coupa, for the function alone
mkfifo "$work/in" "$work/out"
on sap "$target/examples/stage" <"$work/in" >"$work/out" 2>"$work/stage.log" &
exec 3>"$work/in" 4<"$work/out"
IFS= read -r -t 30 sap_url <&4
IFS= read -r -t 30 coupa_url <&4
(cd "$work/sap/home" && openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/O=ACME/CN=SAP B1" -keyout server.key -out server.crt 2>/dev/null)
on sap socat "OPENSSL-LISTEN:50000,bind=192.168.50.10,reuseaddr,fork,cert=server.crt,key=server.key,verify=0" "TCP:${sap_url#http://}" 2>/dev/null &
on sap socat "UNIX-LISTEN:$work/coupa.sock,fork" "TCP:${coupa_url#http://}" 2>/dev/null &
on fn socat TCP-LISTEN:18080,bind=127.0.0.1,reuseaddr,fork "UNIX-CONNECT:$work/coupa.sock" 2>/dev/null &
on net socat TCP-LISTEN:443,bind=198.51.100.1,reuseaddr,fork SYSTEM:true 2>/dev/null &
on net socat TCP-LISTEN:80,bind=198.51.100.1,reuseaddr,fork SYSTEM:true 2>/dev/null &
on fn socat TCP-LISTEN:9000,bind=10.0.2.20,reuseaddr,fork SYSTEM:true 2>/dev/null &
config() {
  cat >"$work/fn/home/b1-coupa.toml" <<END
[sap]
service_layer_url = "https://sap.acme.local:50000"
connect_to = "10.99.0.2"
company_db = "SBODEMO_ACME"
user = "coupa_sync"
$1
[coupa]
url = "http://127.0.0.1:18080"
client_id = "coupa-client"
requests_per_second = 1000
request_timeout_seconds = 3
max_arrival_delay_seconds = 0
ship_to_user = "buyer@acme.example"
ship_to_address = "01"
chart_of_accounts = "Main COA"
reopen_reason = "ERP_REOPENED"
[sync]
start_date = "2026-01-01"
poll_interval = "1s"
END
}
config ""
[ "$(stage fill 40)" = ok ]
say "the networks are there: SAP behind a firewall that lets nothing in, the function behind the VPC's route table"
wait_for 10 reach agent 192.168.50.10 50000 || :
check "SAP answers on its own network" reach agent 192.168.50.10 50000
refuse "without a tunnel, the function does not reach SAP" reach fn 10.99.0.2 50000
refuse "nor by SAP's own address" reach fn 192.168.50.10 50000
refuse "nor does the internet come in through the customer's firewall" reach net 198.51.100.2 50000

# ---- docs/tunnel.md, steps 1 to 4
check "guide, step 1: keys" on operator bash -euc "$("$here/guide" operator 1)"
check "the private keys are their owner's alone" test "$(stat -c %a "$work/operator/home/"{relay,agent}.key | sort -u)" = 600
check "guide, step 2: the stack takes its parameters" on operator bash -euc "$("$here/guide" operator 2)"
parameter() { sed -n "s/^$1=//p" "$work/parameters"; }
user_data() {
  "$here/user_data" AWS::Region=us-east-1 PublicAddress.AllocationId=eipalloc-1 InsideInterface=eni-1 RelayAddress=10.99.0.1 \
    AgentAddress=10.99.0.2 ServiceLayerPort=50000 VpcCidr=10.0.0.0/16 \
    AgentPublicKey="$(parameter AgentPublicKey)" RelayKeySecretArn="$(parameter RelayKeySecretArn)" >"$work/relay/home/user-data"
}
user_data
on relay tcpdump -q -i any -U -w "$work/relay.pcap" 2>/dev/null &
on sap tcpdump -q -i lo -U -w "$work/sap.pcap" 2>/dev/null &
check "the relay's instance runs the template's user data" on relay bash user-data
check "guide, step 3: the agent's script" on operator bash -euc "$("$here/guide" operator 3)"
refuse "no private key stands in it" grep -qF -e "$(cat "$work/operator/home/agent.key")" -e "$(cat "$work/operator/home/relay.key")" "$work/operator/home/agent.sh"
cp "$work/operator/home/"agent.{sh,key} "$work/agent/home/"
begun=$(now)
check "guide, step 4: the agent" on agent bash -euc "$("$here/guide" agent 1)"
wait_for 30 reach fn 10.99.0.2 50000 && good "the function reaches the Service Layer through the tunnel, $(since "$begun") s after the agent's script began" || { bad "no tunnel within 30 s"; return; }
check "the script can be run again" on agent sh agent.sh /etc/wireguard/b1coupa.key
wait_for 30 reach fn 10.99.0.2 50000 || bad "no tunnel after the script was run again"

# ---- step 6: trust
product check >"$work/check" 2>&1 && bad "SAP's own certificate is trusted without being pinned" || good "SAP's own certificate is refused until its key is pinned"
check "and shown, with what is wrong with it" grep -q "CA:TRUE.*names: none.*What speaks against it:.*CA:TRUE.*signed by itself" "$work/check"
pin=$(on sap bash -euo pipefail -c "$("$here/guide" sap 1)")
check "guide, step 6: the pin that check prints is the server's own" grep -qF "spki_sha256 = [\"sha256//$pin\"]" "$work/check"
config 'spki_sha256 = ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]'
refuse "another key than the pinned one is refused" product check
config "spki_sha256 = [\"$pin\"]"
check "with the pin, check is content" product check

# ---- work through the tunnel, by name
check "the first sync reads everything through the tunnel" product sync --once --max-wait 20s
check "and Coupa then holds what SAP implies" test "$(stage differences | cut -d' ' -f1)" = 0

# ---- a cut under load
product_log="$work/run.log"
product --json run >"$product_log" 2>&1 &
running=$!
entered=0
enter() { [[ "$(stage invoice)" = "ok "* ]] && entered=$((entered + 1)); sleep 0.2; }
for _ in $(seq 15); do enter; done
on net nft add rule inet line forward drop
say "the line is cut for 20 s, under load"
cut=$(now)
while awk -v s="$(since "$cut")" 'BEGIN { exit !(s < 20) }'; do enter; done
before=$(stage requests)
on net nft flush chain inet line forward
restored=$(now)
healed=
while awk -v s="$(since "$restored")" 'BEGIN { exit !(s < 60) }'; do
  [ "$(stage requests)" -le "$before" ] || { healed=$(since "$restored"); break; }
  sleep 0.05
done
[ -n "$healed" ] && good "after the cut, the first request reached SAP $healed s after the line was back" || bad "no request reached SAP within 60 s"
for _ in $(seq 10); do enter; done
in_step() { [ "$(stage differences | cut -d' ' -f1)" = 0 ]; }
wait_for 60 in_step && good "all $entered invoices entered meanwhile are in Coupa, each once, $(since "$restored") s after the line was back" || bad "not in step after 60 s: $(stage differences | cut -c1-300)"
check "no dead letters" test "$(product dead-letters list --json | tr -d ' ' | grep -c '"dead_letters":0')" = 1
product status --json >"$work/status" 2>&1 || :
check "status tells when SAP last answered" grep -q '"sap_contact":{"answered_at":"20' "$work/status"
pkill -TERM -P "$(pgrep -P "$running" timeout || echo "$running")" 2>/dev/null || :
wait "$running" 2>/dev/null || :

# ---- a request in flight when the line goes down
stage slow 40 >/dev/null
before=$(stage requests)
product --json sync --once --max-wait 20s >"$work/slow" 2>&1 &
slow=$!
asked() { [ "$(stage requests)" -ge $((before + 2)) ]; }
wait_for 20 asked || bad "the sync did not ask SAP"
on net nft add rule inet line forward drop
cut=$(now)
wait "$slow" && bad "the sync says that it was done" || :
took=$(since "$cut")
# Longer than that would be its own time-out of 60 s, or the reply after 40 s.
awk -v t="$took" 'BEGIN { exit !(t < 35) }' && good "a request in flight when the line went down, and its repetitions, were given up $took s after" || bad "a request in flight held everything up for $took s"
on net nft flush chain inet line forward
# What was under way during the outage backs off for a while yet (exit code 3), and is not lost.
code=0
product sync --once --max-wait 5s >"$work/last" 2>&1 || code=$?
check "the next sync works, and fails nothing (exit code $code)" grep -qx -e 0 -e 3 <<<"$code"
check "and Coupa holds what SAP implies" in_step

if [ -x "$emulator" ]; then source "$here/poller.sh"; else say "left out: the poller, because the emulator of AWS can't be installed"; fi

# ---- the relay restarts while nobody uses the tunnel
sleep 3
on relay wg-quick down b1coupa >/dev/null 2>&1
on relay bash user-data >"$work/last" 2>&1 || bad "the relay's second start"
begun=$(now)
if wait_for 60 reach fn 10.99.0.2 50000; then took=$(since "$begun"); else took=60; fi
awk -v t="$took" 'BEGIN { exit !(t < 20) }' && good "the relay restarted while idle: healed $took s after it was up again" || bad "the relay restarted while idle: $took s"

# ---- nowhere else
on agent socat TCP-LISTEN:22,reuseaddr,fork SYSTEM:true 2>/dev/null &
on agent socat TCP-LISTEN:50001,reuseaddr,fork SYSTEM:true 2>/dev/null &
on sap socat TCP-LISTEN:22,reuseaddr,fork SYSTEM:true 2>/dev/null &
on relay socat TCP-LISTEN:8022,reuseaddr,fork SYSTEM:true 2>/dev/null &
check "(the listeners are there)" wait_for 20 reach sap 192.168.50.2 22
refuse "the relay passes on no other port to the agent" reach fn 10.99.0.2 22
refuse "nor the next port" reach fn 10.99.0.2 50001
refuse "nor another address behind it" reach fn 192.168.50.10 22
refuse "the relay itself can't reach the agent's machine" reach relay 10.99.0.2 22
refuse "nor SAP by its own address" reach relay 192.168.50.10 22
refuse "the relay takes no connection from the functions" reach fn 10.0.1.10 8022
refuse "nor from the internet" reach net 203.0.113.10 8022
check "https to the internet goes through the relay" wait_for 20 reach fn 198.51.100.1 443
refuse "and nothing but https" reach fn 198.51.100.1 80
# An agent that wants more: addresses of the VPC are let through by its own WireGuard.
on agent sh -c 'wg set b1coupa peer "$(wg show b1coupa peers)" allowed-ips 10.99.0.1/32,10.0.2.20/32 && ip route add 10.0.2.20/32 dev b1coupa && nft delete table inet b1coupa'
check "(the function listens)" wait_for 20 reach vpc 10.0.2.20 9000
refuse "nothing comes out of the tunnel towards the functions" reach agent 10.0.2.20 9000
refuse "and nothing into the relay" reach agent 10.99.0.1 8022

# ---- what the relay saw
sleep 1
marks=(-e DE123456789 -e V-TUNNEL -e B1SESSION -e 'correct horse' -e SBODEMO_ACME)
check "(SAP's own replies hold the content, in the clear behind its TLS)" grep -qa "${marks[@]}" "$work/sap.pcap"
check "the relay's capture holds the traffic" test "$(stat -c %s "$work/relay.pcap")" -gt 100000
refuse "and none of the content" grep -qa "${marks[@]}" "$work/relay.pcap"

source "$here/openssh.sh"
