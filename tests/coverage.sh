#!/bin/sh
# Line and branch coverage of each assembly over the fast tests of all projects, or of those that are named (Registry Ntfs). Slower than the tests alone: a target of its own.
# What runs as a process of its own (the tests of the command line) is not seen.
set -eu
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
export OFFLINEPATCH_STATE="$results/state"
dotnet build OfflinePatch.sln -c Release --nologo -v quiet -p:RunAnalyzers=false "-clp:ErrorsOnly;NoSummary"
for project in ${*:-$(ls -d tests/*.Tests | sed 's|tests/OfflinePatch\.||; s|\.Tests||' | grep -vE '^(Cli|Fuzz|Mutants)$')}; do
  began=$(date +%s)
  dotnet test "tests/OfflinePatch.$project.Tests" -c Release --no-build --nologo -v quiet --filter "speed!=slow" --collect "XPlat Code Coverage" \
    --results-directory "$results/$project" -- DataCollectionRunSettings.DataCollectors.DataCollector.Configuration.Include="[OfflinePatch.*]*" \
    >"$results/$project.log" 2>&1 || { grep -E '^  Failed|Failed!' "$results/$project.log" | head -20; echo "$project: tests failed"; }
  echo "$project: $(($(date +%s) - began)) s"
done
python3 tests/coverage.py "$results"
