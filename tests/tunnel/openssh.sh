# Where UDP is blocked: an instance with OpenSSH in the place of the relay, set up by docs/tunnel.md word for word. Sourced by
# `scenario.sh` at its end.

on relay sh -c 'wg-quick down b1coupa; nft flush ruleset' >/dev/null 2>&1 || :
on agent sh -c 'wg-quick down b1coupa' >/dev/null 2>&1 || :
on agent pkill -f /usr/local/lib >/dev/null 2>&1 || :
# Only TCP 443 gets out of the customer's network.
on fw nft insert rule inet firewall forward oifname wan meta l4proto != tcp drop
on fw nft insert rule inet firewall forward oifname wan tcp dport != 443 drop
# Each has a whole /etc of its own: an account and keys are made there.
for name in relay agent; do
  cp -a /etc "$work/$name/etc-of-its-own"
  on "$name" mount --bind "$work/$name/etc-of-its-own" /etc
done
own_folder relay /home
# What Debian's package brings for systemd, and the folder that systemd makes.
on relay mkdir -p /run/sshd
printf '[Service]\nExecStart=/usr/sbin/sshd -D -e\n' >"$work/relay/etc-of-its-own/systemd/system/ssh"

check "OpenSSH, step 1: the agent's key" on agent bash -euc "$("$here/guide" ssh-agent 1)"
cp "$work/agent/home/b1-coupa-tunnel.pub" "$work/relay/home/"
check "step 2: the instance" on relay bash -euc "$("$here/guide" ssh-instance 1)"
wait_for 20 reach net 203.0.113.10 443 || bad "sshd does not listen on 443"
begun=$(now)
check "step 3: the agent" on agent bash -euc "$("$here/guide" ssh-agent 2)"
if wait_for 30 reach fn 10.0.1.10 50000; then good "the function reaches the Service Layer $(since "$begun") s after the agent began"; else bad "no forwarded port"; on agent cat /run/b1-coupa-ssh.service.log; on relay cat /run/ssh.log; fi
config "spki_sha256 = [\"$pin\"]"
sed -i 's/10.99.0.2/10.0.1.10/' "$work/fn/home/b1-coupa.toml"
check "step 4: check is content" product check
[[ "$(stage invoice)" = "ok "* ]] || bad "no further invoice"
check "a sync works through it" product sync --once --max-wait 20s
check "and Coupa holds what SAP implies" in_step
on net nft add rule inet line forward drop
say "the line is cut for 20 s"
sleep 20
on net nft flush chain inet line forward
restored=$(now)
answers() { on fn timeout 3 openssl s_client -connect 10.0.1.10:50000 </dev/null 2>/dev/null | grep -q 'BEGIN CERTIFICATE'; }
if wait_for 60 answers; then took=$(since "$restored"); else took=60; fi
awk -v t="$took" 'BEGIN { exit !(t < 30) }' && good "it healed $took s after the line was back" || bad "it took $took s to heal"
ssh_by_hand() { on agent timeout 10 ssh -p 443 -i /etc/b1-coupa-tunnel.key -o BatchMode=yes -o UserKnownHostsFile=/etc/b1-coupa-tunnel.hosts -o ExitOnForwardFailure=yes "$@"; }
logs_in() { local code=0; on agent timeout 3 ssh -p 443 -N -i /etc/b1-coupa-tunnel.key -o BatchMode=yes -o UserKnownHostsFile=/etc/b1-coupa-tunnel.hosts tunnel@203.0.113.10 || code=$?; [ "$code" = 124 ]; }
check "(the key logs in)" logs_in
refuse "the key runs no command" ssh_by_hand tunnel@203.0.113.10 true
refuse "listens on no other port" ssh_by_hand -N -R 10.0.1.10:50001:192.168.50.10:22 tunnel@203.0.113.10
refuse "and reaches nothing behind the instance" ssh_by_hand -W 10.0.2.20:9000 tunnel@203.0.113.10
