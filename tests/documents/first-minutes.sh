#!/bin/sh
# What a stranger does first, as README says it: clone, build, install, and the commands of README with their output compared. With an empty home, so without anybody's packages
# and settings; it needs the SDK and the network (or NUGET_FALLBACK, a filled package cache). Takes as long as `make build` in a fresh clone.
set -eu
cd "$(dirname "$0")/../.."
source=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
began=$(date +%s)
say() { echo "== $* [$(($(date +%s) - began)) s]"; }
mkdir "$work/home"
say "a clone of $(git rev-parse --short HEAD), an empty home"
git clone -q "$source" "$work/clone"
cd "$work/clone"
unset NUGET_PACKAGES OFFLINEPATCH_STATE
HOME=$work/home
export HOME DOTNET_CLI_HOME="$HOME"
if [ -n "${NUGET_FALLBACK:-}" ]; then
  mkdir -p "$HOME/.nuget/NuGet"
  printf '<configuration><packageSources><add key="nuget.org" value="https://api.nuget.org/v3/index.json" /></packageSources><fallbackPackageFolders><add key="f" value="%s" /></fallbackPackageFolders></configuration>' \
    "$NUGET_FALLBACK" >"$HOME/.nuget/NuGet/NuGet.Config"
fi
say "make build"
make build
say "make install"
make install PREFIX="$work/local"
"$work/local/bin/offlinepatch" --version
say "the commands of README.md"
dotnet build fixtures/OfflinePatch.Fixtures/OfflinePatch.Fixtures.csproj -c Release -p:RunAnalyzers=false --nologo -v quiet "-clp:ErrorsOnly;NoSummary"
python3 tests/documents/readme.py "$work/local/bin/offlinepatch" "dotnet $work/clone/fixtures/OfflinePatch.Fixtures/bin/Release/net10.0/offlinepatch-fixtures.dll" "$work/readme"
make uninstall PREFIX="$work/local"
[ -z "$(find "$work/local" -type f -o -type l)" ] || { find "$work/local" -type f; echo "make uninstall leaves files"; exit 1; }
say "done"
