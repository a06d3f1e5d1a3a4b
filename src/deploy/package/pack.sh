#!/bin/sh
# pack.sh [OUT]: NuGet packages of the libraries and of the command as a .NET tool, with symbols, in artifacts/packages. The same bytes for the same commit.
# PACK_BUILT=true packs what a build of the solution left in place, with its version: quick, for tests.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
version=$(sh "$here/version.sh")
SOURCE_DATE_EPOCH=$(sh "$here/version.sh" --epoch)
export SOURCE_DATE_EPOCH
out=${1:-artifacts/packages}
build="-p:UseArtifactsOutput=true -p:ArtifactsPath=$(pwd)/artifacts/portable -p:ReleaseBuild=true -p:Version=$version -p:RunAnalyzers=false"
[ "${PACK_BUILT:-}" != true ] || build=-p:NoBuild=true
rm -rf "$out"
mkdir -p "$out"
# the tool brings libraries of others with it, and so their licences
[ -n "${PACK_BUILT:-}" ] || dotnet restore src/OfflinePatch.Cli/OfflinePatch.Cli.csproj -v quiet
mkdir -p artifacts/tool
python3 "$here/package.py" notices artifacts/tool/THIRD-PARTY-NOTICES.txt src/OfflinePatch.Cli/obj/project.assets.json >/dev/null
# shellcheck disable=SC2086 # several words
dotnet msbuild "$here/packages.proj" -t:Pack -p:Configuration=Release $build "-p:PackageOutputPath=$(cd "$out" && pwd)" -m -nologo -v:quiet "-clp:ErrorsOnly;NoSummary"
python3 "$here/package.py" normalise "$out"/*.nupkg "$out"/*.snupkg
(cd "$out" && sha256sum -- * >SHA256SUMS)
ls "$out" | sed "s|^|$out/|"
