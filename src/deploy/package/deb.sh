#!/bin/sh
# deb.sh: a Debian package of bin/offlinepatch, in artifacts/deb. Needs dpkg-deb, and a native build: a managed one would depend on a runtime that Debian does not have.
set -eu
umask 022 # modes of files that are made here are a part of the package
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
[ ! -f bin/offlinepatch.dll ] || { echo "make deb: needs a native build (clang or gcc)"; exit 1; }
version=$(sh "$here/version.sh" | sed 's/-/~/; s/-/./g')
SOURCE_DATE_EPOCH=$(sh "$here/version.sh" --epoch)
export SOURCE_DATE_EPOCH
# who packs: Debian's own variables; without them an address that cannot exist
maintainer="${DEBFULLNAME:-The OfflinePatch authors} <${DEBEMAIL:-packages@offlinepatch.invalid}>"
out=artifacts/deb
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
rm -rf "$out"
mkdir -p "$out" "$root/DEBIAN"
python3 "$here/package.py" notices artifacts/THIRD-PARTY-NOTICES.txt "$ASSETS" --pack Microsoft.NETCore.App.Runtime.linux-x64
ZSH_FOLDER=zsh/vendor-completions sh "$here/install.sh" bin /usr "$root" >/dev/null
doc=$root/usr/share/doc/offlinepatch
rm "$doc/LICENSE"
{
  printf '%s\n' 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/' 'Upstream-Name: OfflinePatch' '' 'Files: *' 'Copyright: 2026 The OfflinePatch authors' 'License: Expat'
  sed -e '1,/^$/d' -e '/^Copyright/d' LICENSE | sed -e '1{/^$/d}' -e 's/^$/./' -e 's/^/ /'
  printf '%s\n' '' 'Comment: Libraries that are linked into the program, and their licences, are listed in THIRD-PARTY-NOTICES.txt.gz beside this file.'
} >"$doc/copyright"
{
  echo "offlinepatch ($version) unstable; urgency=medium"
  printf '\n  * See CHANGELOG.md.gz for what changed.\n\n'
  echo " -- $maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
} >"$doc/changelog"
gzip -9n "$doc/changelog" "$doc/CHANGELOG.md" "$doc/README.md" "$doc/THIRD-PARTY-NOTICES.txt" "$root"/usr/share/man/man1/*.1
# The newest version of a symbol of the C library that the program was linked with. OpenSSL is no entry of the program's header: it is loaded when a hash or a signature is
# computed, and the program ends where it is missing.
glibc=$(objdump -T bin/offlinepatch | sed -n 's/.*GLIBC_\([0-9.]*\).*/\1/p' | sort -uV | tail -1)
strip --strip-unneeded "$root/usr/bin/offlinepatch"
install -D -m 644 "$here/lintian-overrides" "$root/usr/share/lintian/overrides/offlinepatch"
cat >"$root/DEBIAN/control" <<EOF
Package: offlinepatch
Version: $version
Architecture: amd64
Maintainer: $maintainer
Section: admin
Priority: optional
Installed-Size: $(du -k -s --apparent-size "$root/usr" | cut -f1)
Depends: libc6 (>= $glibc), libssl3t64 | libssl3 | libssl1.1
Description: prepare disk images of Windows machines for clouds, offline
 Takes the disk image of a Windows machine that nobody prepared, and makes it
 ready to be imported and started on a KVM or Xen cloud, without booting it:
 VirtIO drivers, DHCP, Cloudbase-Init, boot configuration. It needs no root, no
 hypervisor and no Windows. What is written is written as one transaction, and
 can be undone to the byte.
EOF
(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$root" -type d -exec chmod 755 {} +
find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz --build "$root" "$out/offlinepatch_${version}_amd64.deb" >/dev/null
(cd "$out" && sha256sum -- *.deb >SHA256SUMS)
echo "$out/offlinepatch_${version}_amd64.deb"
