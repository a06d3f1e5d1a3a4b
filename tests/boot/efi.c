/* In the place of \EFI\Microsoft\Boot\bootmgfw.efi. The boot configuration is read by the firmware, from the EFI system partition that
   this program came from; everything else by our own code, from the sectors of the disk. UEFI 2.10, the few services that this needs. */
#include "loader.h"

#define API __attribute__((ms_abi))
typedef u64 status;
typedef struct { u32 a; u16 b, c; u8 d[8]; } guid;
struct table { u64 signature; u32 revision, size, crc, reserved; };
struct media { u32 id; u8 removable, present, logical, read_only, write_caching; u32 block_size, align; u64 last; };
struct block_io { u64 revision; struct media *media; void *reset; API status (*read)(struct block_io *, u32, u64, u64, void *); };
struct file {
    u64 revision; API status (*open)(struct file *, struct file **, const u16 *, u64, u64);
    API status (*close)(struct file *); void *remove;
    API status (*read)(struct file *, u64 *, void *); void *write, *get_position; API status (*set_position)(struct file *, u64);
};
struct file_system { u64 revision; API status (*open)(struct file_system *, struct file **); };
struct loaded { u32 revision; void *parent; void *system; void *device; };
struct services {
    struct table head; void *raise, *restore; API status (*pages)(u32, u32, u64, u64 *); void *pad1[2];
    API status (*pool)(u32, u64, void **); void *pad2[10]; API status (*handle_protocol)(void *, const guid *, void **); void *pad3[2];
    API status (*locate_handle)(u32, const guid *, void *, u64 *, void **);
};
struct system { struct table head; u16 *vendor; u32 revision; void *pad[6]; void *runtime; struct services *boot; };

static const guid block_io_guid = { 0x964e5b21, 0x6459, 0x11d2, { 0x8e, 0x39, 0, 0xa0, 0xc9, 0x69, 0x72, 0x3b } };
static const guid file_system_guid = { 0x964e5b22, 0x6459, 0x11d2, { 0x8e, 0x39, 0, 0xa0, 0xc9, 0x69, 0x72, 0x3b } };
static const guid loaded_guid = { 0x5b1b31a1, 0x9562, 0x11d2, { 0x8e, 0x3f, 0, 0xa0, 0xc9, 0x69, 0x72, 0x3b } };
static struct services *boot;
static struct block_io *disk;
static u8 *pool, *pool_end;

void finish(int failed)
{
    __asm__ volatile("outb %0,%1" : : "a"((u8)(failed ? 0x11 : 0x10)), "Nd"((u16)0x501));
    for (;;) __asm__ volatile("hlt");
}

void *allocate(u64 size)
{
    size = (size + 15) & ~15ull;
    if (size > (u64)(pool_end - pool)) {
        u64 room = size > 4 << 20 ? size : 4 << 20; void *p = 0;
        if (boot->pool(2, room, &p)) { text("PROBLEM no memory\n"); finish(1); }
        pool = p; pool_end = pool + room;
    }
    u8 *p = pool; pool += size;
    for (u64 i = 0; i < size; i++) p[i] = 0;
    return p;
}

int disk_read(u64 sector, u32 count, void *to) { return disk->read(disk, disk->media->id, sector, (u64)count * 512, to) != 0; }

API status efi_main(void *image, struct system *system)
{
    struct loaded *loaded; struct block_io *part; struct file_system *fs; struct file *root, *file;
    void *handles[256]; u64 size = sizeof handles; u8 *own, *other;
    boot = system->boot;
    if (boot->handle_protocol(image, &loaded_guid, (void **)&loaded)
        || boot->handle_protocol(loaded->device, &block_io_guid, (void **)&part)
        || boot->handle_protocol(loaded->device, &file_system_guid, (void **)&fs)
        || boot->locate_handle(2, &block_io_guid, 0, &size, handles)) {
        text("PROBLEM firmware without its protocols\n"); finish(1);
    }
    own = allocate(512); other = allocate(512);
    part->read(part, part->media->id, 0, 512, own);
    for (u64 i = 0; i < size / sizeof(void *) && !disk; i++) {
        struct block_io *b; u64 first;
        if (boot->handle_protocol(handles[i], &block_io_guid, (void **)&b)) continue;
        if (b->media->logical || !b->media->present || b->media->block_size != 512) continue;
        disk = b; /* the disk of which our partition is one */
        if (disk_read(2, 1, other)) { disk = 0; continue; }
        first = w64(other + 32);
        if (disk_read(first, 1, other) || !same(own, other, 512)) disk = 0;
    }
    if (!disk) { text("PROBLEM the disk of the EFI system partition is not found\n"); finish(1); }
    u8 *store = 0; u64 length = 0;
    if (!fs->open(fs, &root) && !root->open(root, &file, u"\\EFI\\Microsoft\\Boot\\BCD", 1, 0)) {
        u64 room = 4 << 20;
        store = allocate(room);
        if (!file->read(file, &room, store)) length = room;
    }
    int failed = run(store, length, 1);
    text(failed ? "VERDICT stops\n" : "VERDICT starts\n");
    finish(failed);
    return 0;
}
