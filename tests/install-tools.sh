#!/bin/sh
# Installs the independent programs that judge our output, where this is Debian and we are root; otherwise says what is missing.
set -u
missing=
need() { # PROGRAM PACKAGE
  PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need ntfsfix ntfs-3g
need fls sleuthkit
need hivexsh libhivex-bin
need hivexregedit libwin-hivex-perl
need reglookup reglookup
need reged chntpw
need qemu-img qemu-utils
need mdir mtools
need fsck.fat dosfstools
need genisoimage genisoimage
need xorriso xorriso
need msiextract msitools
need cabextract cabextract
need gcab gcab
need vhdiinfo libvhdi-utils
need python3 python3
need chromium chromium
need wixl wixl
need groff groff
need mandoc mandoc
need zsh zsh
need fish fish
need sgdisk gdisk
need sfdisk fdisk
need nasm nasm
need mkudffs udftools
need wimlib-imagex wimtools
need jq jq
need strace strace
need gcc gcc
need x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-win32
need qemu-system-x86_64 qemu-system-x86
need grub-fstest grub-common
need wine wine
need ewfacquire ewf-tools
need setfacl acl
[ -f /usr/share/OVMF/OVMF_CODE.fd ] || missing="$missing ovmf"
[ -f /usr/share/seabios/bios-256k.bin ] || missing="$missing seabios"
/usr/bin/python3 -c 'import hivex' 2>/dev/null || missing="$missing python3-hivex"
/usr/bin/python3 -c 'import impacket' 2>/dev/null || missing="$missing python3-impacket"
[ -n "$missing" ] || exit 0
installs() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }
if [ "${1:-}" = --list ]; then
  installs && echo "tests: will be installed with apt-get, some minutes, once:$missing"
  exit 0
fi
if installs; then
  echo "installing judges, once, some minutes:$missing"
  log=$(mktemp)
  apt-get update -qq >"$log" 2>&1
  for package in $missing; do
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >>"$log" 2>&1 || echo "  not to be had: $package (its tests are skipped)"
  done
  rm -f "$log"
else
  echo "not installed, so their tests are skipped:$missing"
fi
exit 0
