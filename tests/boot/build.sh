#!/bin/sh
# build.sh OUT [efi|bios]: the stand-ins of Windows' boot loaders. efi needs Debian's gcc-mingw-w64-x86-64, bios gcc and nasm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
what=${2:-all}
warn="-Wall -Wextra -Werror -Wno-array-bounds"
mkdir -p "$out"
if [ "$what" != bios ]; then
  x86_64-w64-mingw32-gcc -std=gnu11 -O2 $warn -ffreestanding -fno-stack-protector -mno-stack-arg-probe -fshort-wchar -mno-red-zone \
    -nostdlib -Wl,--subsystem,10,-e,efi_main,--dynamicbase,--no-seh -s -o "$out/bootmgfw.efi" \
    "$here/efi.c" "$here/report.c" "$here/regf.c" "$here/ntfs.c" "$here/text.c"
  x86_64-w64-mingw32-gcc -std=gnu11 -O2 $warn -ffreestanding -fno-stack-protector -mno-stack-arg-probe -fshort-wchar -mno-red-zone \
    -nostdlib -Wl,--subsystem,10,-e,efi_main,--dynamicbase,--no-seh -s -o "$out/blue.efi" "$here/blue.c"
fi
if [ "$what" != efi ]; then
  c="gcc -std=gnu11 -m32 -march=i586 -Os $warn -ffreestanding -fno-pic -fno-pie -fno-stack-protector"
  c="$c -fno-asynchronous-unwind-tables -fcf-protection=none -c"
  link="ld -m elf_i386 --no-warn-rwx-segments -z noexecstack"
  nasm -f elf32 -o "$out/bios.asm.o" "$here/bios.asm"
  for source in ntfs text; do $c -o "$out/$source.o" "$here/$source.c"; done
  $c -DBOOT_SECTOR -o "$out/sector.o" "$here/bios.c"
  $link -T "$here/boot-sector.ld" -o "$out/sector.elf" "$out/bios.asm.o" "$out/sector.o" "$out/ntfs.o" "$out/text.o"
  objcopy -O binary -j .text "$out/sector.elf" "$out/boot-sector.bin"
  for source in report regf; do $c -o "$out/$source.o" "$here/$source.c"; done
  $c -o "$out/bootmgr.o" "$here/bios.c"
  $link -T "$here/bootmgr.ld" -o "$out/bootmgr.elf" "$out/bootmgr.o" "$out/report.o" \
    "$out/regf.o" "$out/ntfs.o" "$out/text.o"
  objcopy -O binary -j .text "$out/bootmgr.elf" "$out/bootmgr"
  for screen in BLUE MESSAGE PANIC RESET READ NOTHING; do nasm -f bin -D$screen -o "$out/$screen.bin" "$here/screens.asm"; done
fi
