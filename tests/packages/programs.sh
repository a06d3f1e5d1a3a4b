#!/bin/sh
# Compiles and runs every C# program of README.md and of the PACKAGE.md files against the packed packages, and runs the packed .NET tool. Needs the network or a filled package
# cache for the third-party packages; an own cache receives ours, so that an older one of the same version is never used.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet build src/OfflinePatch.Cli/OfflinePatch.Cli.csproj -c Release --nologo -v quiet "-clp:ErrorsOnly;NoSummary"
dotnet build fixtures/OfflinePatch.Fixtures/OfflinePatch.Fixtures.csproj -c Release --nologo -v quiet "-clp:ErrorsOnly;NoSummary"
PACK_BUILT=true sh src/deploy/package/pack.sh "$work/feed" >/dev/null
python3 tests/packages/programs.py "$work"
