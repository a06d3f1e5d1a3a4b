#!/bin/sh
# run.sh CONFIG MINUTES [OPTIONS]: instruments a copy of the built assemblies, and fuzzes for so long.
set -eu
config=$1 minutes=$2
shift 2
dotnet build tests/OfflinePatch.Fuzz -c "$config" --nologo -v quiet -p:RunAnalyzers=false "-clp:ErrorsOnly;NoSummary"
rm -rf artifacts/fuzz/bin
mkdir -p artifacts/fuzz
cp -r "tests/OfflinePatch.Fuzz/bin/$config/net10.0" artifacts/fuzz/bin
dotnet "tests/OfflinePatch.Fuzz/bin/$config/net10.0/OfflinePatch.Fuzz.dll" --instrument artifacts/fuzz/bin >artifacts/fuzz/instrumented.txt
exec dotnet artifacts/fuzz/bin/OfflinePatch.Fuzz.dll --seconds $((minutes * 60)) "$@"
