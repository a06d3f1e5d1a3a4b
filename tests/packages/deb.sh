#!/bin/sh
# Judges the Debian package in artifacts/deb (make deb): lintian finds nothing; in a fresh Debian it installs without asking for anything more, works, and leaves nothing when
# it is purged. Needs root, lintian, debootstrap and a Debian mirror; where one is missing it says so and ends with 0. DEBIAN_SUITE (bookworm), DEBIAN_MIRROR; DEBIAN_ROOT: a root that
# debootstrap made before, which is copied.
set -eu
cd "$(dirname "$0")/../.."
package=$(ls artifacts/deb/*.deb)
suite=${DEBIAN_SUITE:-bookworm}
PATH=$PATH:/usr/sbin:/sbin
for program in lintian debootstrap chroot; do
  command -v "$program" >/dev/null || { echo "skipped: $program is not installed"; exit 0; }
done
lintian --fail-on error,warning,info "$package" 2>/dev/null
echo "lintian: nothing to tell"
[ "$(id -u)" = 0 ] || { echo "skipped: only root makes a Debian root"; exit 0; }
work=$(mktemp -d)
trap 'umount "$work/root/proc" 2>/dev/null || true; rm -rf "$work"' EXIT
root=$work/root
if [ -n "${DEBIAN_ROOT:-}" ]; then
  cp -a "$DEBIAN_ROOT" "$root"
else
  debootstrap --variant=minbase "$suite" "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$work/log" 2>&1 || { tail -5 "$work/log"; echo "skipped: debootstrap found no $suite"; exit 0; }
fi
list() { (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./var/lib/dpkg -o -path ./var/log \) -prune -o -print | sort); }
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }
# what the package depends on
inside sh -c 'apt-get update && apt-get install -y --no-install-recommends libssl3' >"$work/log" 2>&1 || { tail -5 "$work/log"; echo "skipped: libssl3 cannot be installed"; exit 0; }
list >"$work/before"
cp "$package" "$root/tmp/offlinepatch.deb"
cp -r fixtures/OfflinePatch.Fixtures/bin/Release/net10.0 "$work/fixtures"
dotnet "$work/fixtures/offlinepatch-fixtures.dll" machine "$root/tmp/server.vmdk" --format vmdk --invented --defect StaticAddress
inside dpkg -i /tmp/offlinepatch.deb >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
inside offlinepatch --version
inside offlinepatch fix /tmp/server.vmdk --only network.dhcp --quiet
inside offlinepatch undo /tmp/server.vmdk --quiet
inside sh -c 'zcat /usr/share/man/man1/offlinepatch-fix.1.gz | grep -q "offlinepatch"'
inside dpkg --purge offlinepatch >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
rm -rf "$root"/tmp/* "$root/root/.local"
list >"$work/after"
diff "$work/before" "$work/after" || { echo "the package leaves files behind"; exit 1; }
echo "$suite: installed, used, removed; nothing is left"
