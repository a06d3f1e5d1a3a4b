#!/bin/sh
# Runs every test project with a filter; prints one line for each, what failed in full, what was skipped (once for each reason), how many oracle tests ran, and the sum.
# run.sh FILTER [documents]: with the second word README's commands are run, too, and what packs the program is judged. run.sh --announce says beforehand what will run, and what
# will be installed for it.
set -u
filter=$1
began=$(date +%s)
if [ "$filter" = --announce ]; then
  last=$(cat artifacts/test-minutes 2>/dev/null || true)
  echo "tests: builds everything, then runs $(ls -d tests/*.Tests | wc -l) projects${2:+ and the commands of README}; 20 to 40 minutes on two cores${last:+, $last the last time here}"
  exec sh tests/install-tools.sh --list
fi
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
  # lines of skipped tests are left out here: the summary has each reason once
  grep -vE "^(A total of|Test run for|Results File|$|No test matches|Additionally)|^ *Skipped |\[SKIP\]" "$results/$name.log" || true
done
if [ -n "${2:-}" ]; then
  echo "== documents"
  python3 tests/documents/readme.py bin/offlinepatch "dotnet fixtures/OfflinePatch.Fixtures/bin/Release/net10.0/offlinepatch-fixtures.dll" "$results/readme" || failed=1
  python3 tests/packages/layout.py || failed=1
fi
mkdir -p artifacts && echo "$((($(date +%s) - began + 30) / 60)) minutes" >artifacts/test-minutes
python3 tests/summary.py "$results"/*.trx || failed=1
exit $failed
