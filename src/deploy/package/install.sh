#!/bin/sh
# install.sh BINARIES PREFIX [DESTDIR]: the program, its manual pages and completion below DESTDIR/PREFIX. BINARIES is the folder that `make build` filled.
# install.sh --remove PREFIX [DESTDIR]: takes away what this script installs, and nothing else.
set -eu
if [ "$1" = --remove ]; then
  root=${3:-}$2
  rm -f "$root/bin/offlinepatch" "$root/share/man/man1/offlinepatch.1" "$root"/share/man/man1/offlinepatch-*.1 "$root/share/bash-completion/completions/offlinepatch" \
    "$root/share/zsh/site-functions/_offlinepatch" "$root/share/fish/vendor_completions.d/offlinepatch.fish"
  rm -rf "$root/lib/offlinepatch" "$root/share/doc/offlinepatch"
  echo "removed from $root"
  exit 0
fi
binaries=$1
root=${3:-}$2
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
install -d "$root/bin" "$root/share/doc/offlinepatch" "$root/share/man/man1"
if [ -f "$binaries/offlinepatch.dll" ]; then
  # a managed build is several files
  rm -rf "$root/lib/offlinepatch"
  install -d "$root/lib/offlinepatch"
  install -m 644 "$binaries"/* "$root/lib/offlinepatch/"
  chmod 755 "$root/lib/offlinepatch/offlinepatch"
  ln -sf ../lib/offlinepatch/offlinepatch "$root/bin/offlinepatch"
else
  install -m 755 "$binaries/offlinepatch" "$root/bin/offlinepatch"
fi
"$binaries/offlinepatch" man "$work/man" >/dev/null
for page in "$work"/man/*.1; do install -m 644 "$page" "$root/share/man/man1/"; done
completion() { # SHELL PATH
  "$binaries/offlinepatch" completion "$1" >"$work/completion"
  install -D -m 644 "$work/completion" "$root/share/$2"
}
completion bash bash-completion/completions/offlinepatch
completion zsh "${ZSH_FOLDER:-zsh/site-functions}/_offlinepatch"
completion fish fish/vendor_completions.d/offlinepatch.fish
for page in LICENSE README.md CHANGELOG.md; do install -m 644 "$top/$page" "$root/share/doc/offlinepatch/"; done
notices=$top/artifacts/THIRD-PARTY-NOTICES.txt
[ ! -f "$notices" ] || install -m 644 "$notices" "$root/share/doc/offlinepatch/"
echo "installed in $root"
