/* Two programs of 32 bits that read through the BIOS: what stands in the boot sector's 16 sectors (BOOT_SECTOR), and what lies in the
   place of \bootmgr. Memory: 0x10000 for transfers, 0x20000 the second program, from 16 MiB on what is allocated. */
#include "loader.h"

typedef u32 (*reader)(u32 low, u32 high, u32 count);
static reader bios;
static u8 *next = (u8 *)(16u << 20);

void finish(int failed)
{
    __asm__ volatile("outb %0,%1" : : "a"((u8)(failed ? 0x11 : 0x10)), "Nd"((u16)0x501));
    for (;;) __asm__ volatile("hlt");
}

void *allocate(u64 size)
{
    u8 *p = next; u32 n = ((u32)size + 15) & ~15u;
    if (size > 1u << 28 || (u32)p + n > 448u << 20) { text("PROBLEM no memory\n"); finish(1); }
    next += n;
    for (u32 i = 0; i < n; i += 4) *(volatile u32 *)(p + i) = 0;
    return p;
}

int disk_read(u64 sector, u32 count, void *to)
{
    u8 *out = to;
    while (count) {
        u32 n = count > 64 ? 64 : count;
        if (bios((u32)sector, (u32)(sector >> 32), n)) return 1;
        for (u32 i = 0; i < n * 512; i += 4) *(volatile u32 *)(out + i) = *(volatile u32 *)(0x10000 + i);
        out += n * 512; sector += n; count -= n;
    }
    return 0;
}

#ifdef BOOT_SECTOR
void boot_sector_main(u32 hidden, reader r)
{
    struct volume v; u64 size;
    bios = r;
    u8 *program = ntfs_open(&v, hidden) ? 0 : ntfs_file(&v, "\\bootmgr", &size);
    if (!program || size > 0x60000) { text("PROBLEM the boot sector does not find \\bootmgr\n"); finish(1); }
    u8 *to = (u8 *)0x20000;
    for (u32 i = 0; i < size; i++) ((volatile u8 *)to)[i] = program[i];
    ((void (*)(u32, reader, u8 *))to)(hidden, r, next);
}
#else
__attribute__((section(".first"))) void bootmgr_main(u32 hidden, reader r, u8 *memory)
{
    struct volume v; u64 size = 0;
    bios = r; next = memory;
    u8 *store = ntfs_open(&v, hidden) ? 0 : ntfs_file(&v, "\\Boot\\BCD", &size);
    int failed = run(store, size, 0);
    text(failed ? "VERDICT stops\n" : "VERDICT starts\n");
    finish(failed);
}
#endif
