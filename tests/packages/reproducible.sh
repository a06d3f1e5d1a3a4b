#!/bin/sh
# reproducible.sh [TARGET...]: builds the commit HEAD twice, in clones at two places, and compares every file of artifacts/{packages,deb,dist}. Default: pack deb dist.
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- pack deb dist
[ -z "$(git status --porcelain --untracked-files=no)" ] || echo "note: changes that are not committed are left out"
source=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sums() { (cd "$1/artifacts" && find . -type f \( -path './packages/*' -o -path './deb/*' -o -path './dist/*' \) -exec sha256sum {} + | sort -k 2); }
for copy in a another-and-longer-place; do
  git clone -q "$source" "$work/$copy"
  (cd "$work/$copy" && umask "$([ "$copy" = a ] && echo 022 || echo 002)" && make "$@" >"$work/$copy.log" 2>&1) || { tail -20 "$work/$copy.log"; exit 1; }
  sums "$work/$copy" >"$work/$copy.sums"
  [ "$copy" = a ] || diff "$work/a.sums" "$work/$copy.sums" || { echo "the two builds differ"; exit 1; }
done
cut -c 67- "$work/a.sums"
echo "$(wc -l <"$work/a.sums") files of $(git rev-parse --short HEAD): the same bytes in two builds"
