#!/bin/sh
# run.sh CONFIG [OPTIONS]: builds the runner, and changes the product in one place at a time (README.md).
set -eu
config=$1
shift
# a mutant needs fewer losses of power than the product to be noticed
export OFFLINEPATCH_CRASH_SEEDS="${OFFLINEPATCH_CRASH_SEEDS:-2}"
dotnet build tests/OfflinePatch.Mutants -c "$config" --nologo -v quiet -p:RunAnalyzers=false "-clp:ErrorsOnly;NoSummary"
exec dotnet "tests/OfflinePatch.Mutants/bin/$config/net10.0/OfflinePatch.Mutants.dll" --configuration "$config" "$@"
