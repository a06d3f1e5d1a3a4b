#!/bin/sh
# The engine on a simulated host: kills, losses of power, faults and hostile undo files. Prints the counts; ends with the status of the tests.
set -eu
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
dotnet test tests/OfflinePatch.Core.Tests -c "$1" --nologo -v quiet --filter "tier=crash|FullyQualifiedName~HostileUndoFile" \
  --logger "console;verbosity=detailed" > "$log" 2>&1 || status=$?
if [ "$status" -eq 0 ]; then
  grep -E "losses of power|faults so far|hostile undo files|Passed!" "$log" | tail -24
else
  cat "$log"
fi
exit "$status"
