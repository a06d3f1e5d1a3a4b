#!/bin/sh
# Lints src/deploy/Containerfile, builds it and runs the program in it as the user that it names, with buildah and a Debian root of debootstrap as the base: no registry is asked. Needs root,
# buildah and debootstrap, and says so where one is missing.
set -eu
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/sbin:/sbin
linter=dockerfile-utils@0.16.3
if npx --yes $linter --version >/dev/null 2>&1; then
  npx --yes $linter lint src/deploy/Containerfile || { echo "Containerfile: $linter finds the above"; exit 1; }
  echo "Containerfile: lint clean ($linter)"
else
  echo "skipped: npx does not start $linter, so the Containerfile is not linted"
fi
for program in buildah debootstrap; do
  command -v "$program" >/dev/null || { echo "skipped: $program is not installed"; exit 0; }
done
[ "$(id -u)" = 0 ] || { echo "skipped: needs root"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
engine() { buildah --root "$work/store" --runroot "$work/run" --storage-driver vfs "$@"; }
if [ -n "${DEBIAN_ROOT:-}" ]; then
  tar -C "$DEBIAN_ROOT" -cf "$work/base.tar" .
else
  debootstrap --variant=minbase bookworm "$work/root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$work/log" 2>&1 || { tail -5 "$work/log"; echo "skipped: debootstrap found no bookworm"; exit 0; }
  tar -C "$work/root" -cf "$work/base.tar" .
fi
base=$(engine from scratch) || { echo "skipped: buildah does not start here"; exit 0; }
engine add -q "$base" "$work/base.tar" / >/dev/null
engine commit -q "$base" localhost/base >/dev/null
engine bud -q --isolation chroot --build-arg BASE=localhost/base -f src/deploy/Containerfile -t localhost/offlinepatch . >/dev/null
container=$(engine from --pull-never localhost/offlinepatch)
engine inspect --type image --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}' localhost/offlinepatch
engine run --isolation chroot "$container" -- /usr/local/bin/offlinepatch --version
engine run --isolation chroot "$container" -- sh -c 'test "$(id -u)" = 10001'
echo "Containerfile: builds, and runs as 10001"
