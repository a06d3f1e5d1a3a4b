#!/bin/sh
# dist.sh: archives of the program for five systems, with manual pages, completion, licences, a bill of materials, and SHA256SUMS, in artifacts/dist.
# DIST_RIDS chooses the systems; READYTORUN=false leaves out code compiled ahead: half the time to build, a slower start. Needs `make build` before it (bin/) on Linux x64: that program writes the manual pages and completion of all archives.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
version=$(sh "$here/version.sh")
SOURCE_DATE_EPOCH=$(sh "$here/version.sh" --epoch)
export SOURCE_DATE_EPOCH
out=artifacts/dist
work=artifacts/work
rm -rf "$out" "$work"
mkdir -p "$out" "$work"
bin/offlinepatch man "$work/man" >/dev/null
mkdir "$work/completion"
for shell in bash zsh fish powershell; do bin/offlinepatch completion "$shell" >"$work/completion/offlinepatch.$shell"; done
python3 "$here/package.py" notices artifacts/THIRD-PARTY-NOTICES.txt "$ASSETS" --pack Microsoft.NETCore.App.Runtime.linux-x64

failed=
for rid in $DIST_RIDS; do
  folder=$work/offlinepatch-$version-$rid
  mkdir "$folder"
  if [ "$rid" = "$HOST_RID" ]; then
    cp bin/* "$folder/"
  elif ! dotnet publish src/OfflinePatch.Cli/OfflinePatch.Cli.csproj -c Release -r "$rid" --self-contained true --artifacts-path artifacts/portable \
    -p:PublishSingleFile=true -p:PublishReadyToRun="${READYTORUN:-true}" -p:EnableCompressionInSingleFile=true -p:DebugType=none -p:RunAnalyzers=false \
    -p:ReleaseBuild=true "-p:Version=$version" -o "$folder" --nologo -v quiet "-clp:ErrorsOnly;NoSummary" >"$work/$rid.log" 2>&1; then
    cat "$work/$rid.log"
    rm -rf "$folder"
    failed="$failed $rid"
    continue
  fi
  cp -r LICENSE README.md CHANGELOG.md artifacts/THIRD-PARTY-NOTICES.txt "$work/man" "$work/completion" "$folder/"
  case $rid in
    win-*) archive=offlinepatch-$version-$rid.zip; python3 "$here/package.py" zip "$folder" "$out/$archive" ;;
    *) archive=offlinepatch-$version-$rid.tar.gz; python3 "$here/package.py" tar "$folder" "$out/$archive" ;;
  esac
  echo "$out/$archive"
done

# the tool is named in .config/dotnet-tools.json; licences are those that the packages name
dotnet tool restore >/dev/null
dotnet restore src/OfflinePatch.Cli/OfflinePatch.Cli.csproj -v quiet
dotnet tool run dotnet-CycloneDX -- src/OfflinePatch.Cli/OfflinePatch.Cli.csproj -o "$out" -fn "offlinepatch-$version.cdx.json" -F Json -rs -ed -dpr \
  -sn offlinepatch -sv "$version" >"$work/sbom.log" 2>&1 || { cat "$work/sbom.log"; exit 1; }
python3 "$here/package.py" bom "$out/offlinepatch-$version.cdx.json" Microsoft.NETCore.App.Runtime.linux-x64
echo "$out/offlinepatch-$version.cdx.json"
rm -rf "$work"
(cd "$out" && sha256sum -- * >SHA256SUMS)
echo "$out/SHA256SUMS"
[ -z "$failed" ] || { echo "not built, since the packs of the runtime do not restore:$failed"; exit 1; }
