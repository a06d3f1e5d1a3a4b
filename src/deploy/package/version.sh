#!/bin/sh
# Prints the version of this tree. At the tag v1.2.0: 1.2.0. Seven commits after it: 1.2.1-alpha.0.7+gabc1234. Where no tag can be seen (before the first release, in a
# shallow clone, in an archive of such a commit) the name of the next release with the commit: 0.1.0-dev+gabc1234. With --epoch: the time of the commit, for SOURCE_DATE_EPOCH.
# OFFLINEPATCH_VERSION and SOURCE_DATE_EPOCH of the environment go before everything.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
next=$(sed -n 's/.*<Version>\(.*\)<\/Version>.*/\1/p' "$root/src/Directory.Build.props")
describe='' commit='' epoch='' dirty=''
if [ "$(git -C "$root" rev-parse --show-toplevel 2>/dev/null)" = "$root" ]; then
  describe=$(git -C "$root" describe --tags --match 'v[0-9]*' --long --abbrev=7 2>/dev/null) || describe=''
  commit=$(git -C "$root" rev-parse --short=7 HEAD)
  epoch=$(git -C "$root" log -1 --format=%ct)
  [ -z "$(git -C "$root" status --porcelain --untracked-files=no)" ] || dirty=.dirty
else
  # `git archive` fills this file in; elsewhere it still holds the placeholders
  tag=$(sed -n 1p "$here/archive.txt")
  case $tag in '$Format'* | '') ;; *-*-g*) describe=$tag ;; *) describe=$tag-0-g0 ;; esac
  commit=$(sed -n 2p "$here/archive.txt")
  epoch=$(sed -n 3p "$here/archive.txt")
  case $commit in '$Format'*) commit='' epoch='' ;; esac
fi
if [ "${1:-}" = --epoch ]; then
  echo "${SOURCE_DATE_EPOCH:-${epoch:-946684800}}" # 2000-01-01, where nothing is known
  exit 0
fi
if [ -n "${OFFLINEPATCH_VERSION:-}" ]; then
  version=$OFFLINEPATCH_VERSION
elif [ -n "$describe" ]; then
  hash=${describe##*-}
  rest=${describe%-*}
  height=${rest##*-}
  tag=${rest%-*}
  tag=${tag#v}
  if [ "$height" = 0 ]; then
    version=$tag${dirty:+"+${dirty#.}"}
  else
    case $tag in
      *-*) version=$tag.$height+$hash$dirty ;; # after 1.2.0-rc.1: 1.2.0-rc.1.7
      *) version=${tag%.*}.$((${tag##*.} + 1))-alpha.0.$height+$hash$dirty ;;
    esac
  fi
else
  version=$next-dev${commit:+"+g$commit$dirty"}
fi
echo "$version"
