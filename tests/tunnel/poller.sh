# The function itself, as Lambda runs it, with what it needs of AWS beside it. Sourced by `run`.

mkfifo "$work/function-in" "$work/function-out"
on fn timeout 600 "$emulator" "$here/function" "$target/poller" "$work/fn/home/b1-coupa.toml" "$root/infra/template.yaml" \
  <"$work/function-in" >"$work/function-out" 2>"$work/function.log" &
exec 5>"$work/function-in" 6<"$work/function-out"
function_ready() { IFS= read -r -t 90 answer <&6 && [ "$answer" = ready ]; }
ask_function() { echo "$*" >&5; IFS= read -r -t 130 answer <&6; echo "$answer"; }
check "the poller starts as Lambda starts it" function_ready
before=$(stage requests)
enqueued=$(ask_function poll)
check "the poller reads SAP through the tunnel: $enqueued keys" test "${enqueued//[!0-9]/0}" -gt 40
check "and SAP was really asked" test "$(stage requests)" -gt "$before"
on net nft add rule inet line forward drop
cut=$(now)
entries=()
for _ in $(seq 10); do entries+=("$(stage invoice | cut -d' ' -f2)"); sleep 0.2; done
failed_poll=$(ask_function poll invoices)
check "while the line is cut, a poll fails as one that heals by itself" grep -q BC-0101 <<<"$failed_poll"
while awk -v s="$(since "$cut")" 'BEGIN { exit !(s < 20) }'; do entries+=("$(stage invoice | cut -d' ' -f2)"); sleep 0.2; done
on net nft flush chain inet line forward
restored=$(now)
while ! [[ "$(ask_function poll invoices)" =~ ^[0-9]+$ ]] && awk -v s="$(since "$restored")" 'BEGIN { exit !(s < 60) }'; do :; done
say "      the poller's first good poll ended $(since "$restored") s after the line was back"
seen=" $(ask_function keys) "
lost=()
for entry in "${entries[@]}"; do [[ "$seen" == *" $entry "* ]] || lost+=("$entry"); done
check "none of the ${#entries[@]} invoices entered meanwhile is missing from the queue${lost[*]:+: ${lost[*]}}" test "${#lost[@]}" = 0
echo quit >&5
exec 5>&- 6<&-
