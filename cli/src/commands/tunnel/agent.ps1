# Sets up this machine as the agent of the tunnel: it dials out to the relay, and lets the relay reach the
# Service Layer at {{service_layer}} and nothing else. Printed by `b1-coupa tunnel agent-config --platform windows`.
#
# Install WireGuard for Windows first. Run it as administrator with the file that holds the agent's private key. Running it
# again is harmless.
#
#     powershell -ExecutionPolicy Bypass -File agent.ps1 agent.key
#Requires -RunAsAdministrator
param([Parameter(Mandatory = $true)][string]$KeyFile)
$ErrorActionPreference = 'Stop'
$wireguard = "$env:ProgramFiles\WireGuard\wireguard.exe"
$wg = "$env:ProgramFiles\WireGuard\wg.exe"
if (-not (Test-Path $wireguard)) { throw 'Install WireGuard for Windows first.' }
$key = (Get-Content -Raw $KeyFile).Trim()
if (($key | & $wg pubkey) -ne '{{agent_public_key}}') {
  throw "$KeyFile does not hold the private key of {{agent_public_key}}."
}

# Only the system and administrators may read what holds the key.
$folder = "$env:ProgramData\b1-coupa"
New-Item -ItemType Directory -Force $folder | Out-Null
icacls $folder /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' | Out-Null
$config = "$folder\b1coupa.conf"
@"
[Interface]
Address = {{agent_address}}/32
PrivateKey = $key

[Peer]
PublicKey = {{relay_public_key}}
Endpoint = {{relay}}
AllowedIPs = {{relay_address}}/32
PersistentKeepalive = 25
"@ | Set-Content -Encoding ascii $config
if (Get-Service 'WireGuardTunnel$b1coupa' -ErrorAction SilentlyContinue) {
  & $wireguard /uninstalltunnelservice b1coupa
  Start-Sleep -Seconds 3
}
& $wireguard /installtunnelservice $config

# A Service Layer on this very machine that listens on all addresses is reached without more.
$local = Get-NetIPAddress -IPAddress '{{service_layer_ip}}' -ErrorAction SilentlyContinue
$everywhere = Get-NetTCPConnection -State Listen -LocalPort {{port}} -ErrorAction SilentlyContinue |
  Where-Object LocalAddress -In '0.0.0.0', '::'
if (-not ($local -and $everywhere)) {
  netsh interface portproxy add v4tov4 listenaddress={{agent_address}} listenport={{port}} connectaddress={{service_layer_ip}} connectport={{port}} | Out-Null
  Restart-Service iphlpsvc
}
Remove-NetFirewallRule -DisplayName 'b1-coupa tunnel' -ErrorAction SilentlyContinue
New-NetFirewallRule -DisplayName 'b1-coupa tunnel' -Direction Inbound -Action Allow -Protocol TCP `
  -LocalAddress {{agent_address}} -LocalPort {{port}} -RemoteAddress {{relay_address}} | Out-Null

# What alone keeps WireGuard's sessions fresh on both sides is data: without it, a relay that was restarted while nothing was
# read from SAP does not know this side for two minutes. A relay that is silent is dialled anew, as for the first time.
@'
$silent = 0
while ($true) {
  if (Test-Connection {{relay_address}} -Count 2 -Quiet) {
    $silent = 0
  } else {
    $silent++
    & "$env:ProgramFiles\WireGuard\wg.exe" set b1coupa peer {{relay_public_key}} remove
    & "$env:ProgramFiles\WireGuard\wg.exe" set b1coupa peer {{relay_public_key}} endpoint {{relay}} allowed-ips {{relay_address}}/32 persistent-keepalive 25
  }
  if ($silent -ge 9) { Restart-Service 'WireGuardTunnel$b1coupa'; $silent = 0 }
  Start-Sleep -Seconds 5
}
'@ | Set-Content -Encoding ascii "$folder\tunnel-check.ps1"
$action = New-ScheduledTaskAction -Execute 'powershell.exe' `
  -Argument "-NoProfile -ExecutionPolicy Bypass -File `"$folder\tunnel-check.ps1`""
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([TimeSpan]::Zero) -RestartCount 999 `
  -RestartInterval (New-TimeSpan -Minutes 1) -AllowStartIfOnBatteries
Register-ScheduledTask -Force -TaskName 'b1-coupa tunnel check' -Action $action -Settings $settings `
  -Trigger (New-ScheduledTaskTrigger -AtStartup) -User 'SYSTEM' -RunLevel Highest | Out-Null
Start-ScheduledTask -TaskName 'b1-coupa tunnel check'
Write-Output 'The agent is set up. "wg show b1coupa" shows the last handshake with the relay.'
