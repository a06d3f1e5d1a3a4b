#!/bin/sh
# Runs every test project with a filter; prints what was skipped and why, how many oracle tests ran, and the sum.
set -u
filter=$1
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
export OFFLINEPATCH_STATE="$results/state" # nothing is left in the home of whoever runs the tests
failed=0
dotnet build OfflinePatch.sln -c Release --nologo -v quiet "-clp:ErrorsOnly;NoSummary" || exit 1
for project in tests/*.Tests/*.csproj; do
  name=$(basename "$project" .csproj)
  printf '%s\n' "== $name"
  dotnet test "$project" -c Release --no-build --nologo -v quiet --filter "$filter" \
    --logger "trx;LogFileName=$results/$name.trx" --logger "console;verbosity=minimal" >"$results/$name.log" 2>&1 || failed=1
  grep -vE "^(A total of|Test run for|Results File|$|No test matches|Additionally)" "$results/$name.log" || true
done
python3 tests/summary.py "$results"/*.trx || failed=1
exit $failed
