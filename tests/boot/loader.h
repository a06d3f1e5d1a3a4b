/* What the stand-ins of Windows' boot loaders share: types, and what a platform must give. Freestanding C, no library. */
#ifndef LOADER_H
#define LOADER_H
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;

static inline u16 w16(const u8 *p) { return (u16)(p[0] | p[1] << 8); }
static inline u32 w32(const u8 *p) { return w16(p) | (u32)w16(p + 2) << 16; }
static inline u64 w64(const u8 *p) { return w32(p) | (u64)w32(p + 4) << 32; }
static inline u32 upper(u32 c) { return c >= 'a' && c <= 'z' ? c - 32 : c; } /* what is looked up here is ASCII */

/* Given by the platform (efi.c, bios.c). */
int disk_read(u64 sector, u32 count, void *to); /* 0, or an error; sectors of 512 bytes */
void *allocate(u64 size);                       /* memory that is never freed; ends the run when there is none */
void finish(int failed);                        /* leaves QEMU */

/* text.c */
void put(char c);
void text(const char *s);
void hex(u64 value, int digits);
void number(u64 value);
void wide(const u8 *utf16, u32 bytes);
int same(const u8 *a, const u8 *b, u64 count);

/* ntfs.c */
struct run { u64 vcn, lcn, length; };
struct stream { u8 *resident; u64 size; u64 initialized; u32 run_count; u16 flags; struct run *runs; };
struct volume { u64 start, sectors; u32 cluster, record, index; struct stream mft; };
int ntfs_open(struct volume *v, u64 start);
int ntfs_find(struct volume *v, const char *path, u64 *record);
int ntfs_stream(struct volume *v, u64 record, u32 type, const char *name, struct stream *s);
int ntfs_read(struct volume *v, struct stream *s, u64 offset, u64 count, u8 *to);
u8 *ntfs_file(struct volume *v, const char *path, u64 *size);

/* regf.c */
struct hive { u8 *bytes; u32 bins; u32 root; };
const char *hive_open(struct hive *h, u8 *bytes, u64 size); /* null, or what is wrong */
u32 hive_find(struct hive *h, u32 key, const char *path);    /* the cell, or 0 */
u32 hive_child(struct hive *h, u32 key, u32 index);          /* the cell, or 0 */
const char *hive_name(struct hive *h, u32 key);              /* what is not ASCII becomes '?' */
u8 *hive_value(struct hive *h, u32 key, const char *name, u32 *type, u32 *size);
const char *hive_value_name(struct hive *h, u32 key, u32 index); /* null past the last one */
const char *hive_string(struct hive *h, u32 key, const char *name); /* the first string, or null */
int hive_number(struct hive *h, u32 key, const char *name, u32 *value);

/* report.c */
int run(u8 *store, u64 store_size, int uefi); /* 0 when Windows would find its way to its boot disk */
#endif
