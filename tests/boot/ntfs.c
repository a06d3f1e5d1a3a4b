/* NTFS, read only, from the description of the format: boot sector, FILE records with their fixups, attribute lists, runs, and the
   B-tree of a directory, which is descended as the order of its names says: an entry in the wrong place is not found. */
#include "loader.h"

#define LONGEST_LIST (1u << 20)
#define MOST_RUNS 20000u

static u32 shift(u32 power) { u32 n = 0; while (power >> n > 1) n++; return n; }

static int fixups(u8 *r, u32 size, const char *signature)
{
    if (!same(r, (const u8 *)signature, 4)) return 1;
    u32 at = w16(r + 4), count = w16(r + 6);
    if (count != size / 512 + 1 || at + 2 * count > size) return 1;
    for (u32 i = 1; i < count; i++) {
        u8 *tail = r + 512 * i - 2;
        if (!same(tail, r + at, 2)) return 1;
        tail[0] = r[at + 2 * i]; tail[1] = r[at + 2 * i + 1];
    }
    return 0;
}

static u32 size_of(u8 code, u32 cluster) { return code > 0x80 ? 1u << (256 - code) : code * cluster; }

static int add_runs(struct stream *s, u8 *a, u32 length)
{
    u64 vcn = w64(a + 0x10), last = w64(a + 0x18) + 1, lcn = 0;
    u8 *p = a + w16(a + 0x20), *end = a + length;
    if (!s->runs) s->runs = allocate(sizeof(struct run) * MOST_RUNS);
    while (p < end && *p) {
        u32 nl = *p & 15, no = *p >> 4; u64 n = 0; s64 delta = 0;
        if (!nl || nl > 8 || no > 8 || p + 1 + nl + no > end || s->run_count == MOST_RUNS) return 1;
        for (u32 i = 0; i < nl; i++) n |= (u64)p[1 + i] << (8 * i);
        for (u32 i = 0; i < no; i++) delta |= (s64)((u64)p[1 + nl + i] << (8 * i));
        if (no && no < 8 && p[nl + no] & 0x80) delta |= (s64)(~0ull << (8 * no));
        lcn += (u64)delta;
        struct run *r = &s->runs[s->run_count++];
        r->vcn = vcn; r->length = n; r->lcn = no ? lcn : ~0ull;
        vcn += n; p += 1 + nl + no;
    }
    return vcn != last;
}

static int read_record(struct volume *v, u64 n, u8 *to)
{
    return ntfs_read(v, &v->mft, n << shift(v->record), v->record, to) || fixups(to, v->record, "FILE") || !(w16(to + 0x16) & 1);
}

static int named(u8 *text16, u32 count, const char *name)
{
    u32 i = 0;
    for (; i < count && name[i]; i++) if (w16(text16 + 2 * i) != (u8)name[i]) return 0;
    return i == count && !name[i];
}

/* The attribute in one record, taken into the stream; 0 when there is one. */
static int take(struct volume *v, u8 *r, u32 type, const char *name, u64 vcn, struct stream *s)
{
    for (u32 at = w16(r + 0x14); at + 24 <= v->record;) {
        u8 *a = r + at; u32 t = w32(a), length = w32(a + 4);
        if (t == 0xFFFFFFFF || length < 24 || at + length > v->record) return 1;
        if (t == type && named(a + w16(a + 10), a[9], name) && (a[8] ? w64(a + 0x10) : 0) == vcn) {
            if (!a[8]) { s->resident = a + w16(a + 0x14); s->size = s->initialized = w32(a + 0x10); return 0; }
            if (!vcn) { s->flags = w16(a + 0x0C); s->size = w64(a + 0x30); s->initialized = w64(a + 0x38); }
            return add_runs(s, a, length);
        }
        at += length;
    }
    return 1;
}

int ntfs_stream(struct volume *v, u64 record, u32 type, const char *name, struct stream *s)
{
    u8 *base = allocate(v->record); struct stream list = { 0 };
    s->resident = 0; s->run_count = 0; s->runs = 0; s->flags = 0; s->size = 0;
    if (read_record(v, record, base)) return 1;
    if (take(v, base, 0x20, "", 0, &list)) return take(v, base, type, name, 0, s);
    if (list.size > LONGEST_LIST) return 1;
    u8 *entries = allocate(list.size); int found = 0;
    if (ntfs_read(v, &list, 0, list.size, entries)) return 1;
    for (u64 at = 0; at + 26 <= list.size;) {
        u8 *e = entries + at; u32 length = w16(e + 4);
        if (length < 26 || at + length > list.size) return 1;
        if (w32(e) == type && named(e + e[7], e[6], name)) {
            u8 *r = allocate(v->record); u64 reference = w64(e + 0x10);
            if (read_record(v, reference & 0xFFFFFFFFFFFFull, r) || w16(r + 0x10) != reference >> 48) return 1;
            if (take(v, r, type, name, w64(e + 8), s)) return 1;
            found = 1;
        }
        at += length;
    }
    return !found;
}

int ntfs_read(struct volume *v, struct stream *s, u64 offset, u64 count, u8 *to)
{
    if (offset + count > s->size) return 1;
    if (s->resident) { for (u64 i = 0; i < count; i++) to[i] = s->resident[offset + i]; return 0; }
    if (s->flags & 0x40FF) return 1; /* compressed, encrypted */
    u32 c = shift(v->cluster); u8 *sector = 0;
    while (count) {
        struct run *r = 0; u64 vcn = offset >> c;
        for (u32 i = 0; i < s->run_count && !r; i++)
            if (vcn >= s->runs[i].vcn && vcn < s->runs[i].vcn + s->runs[i].length) r = &s->runs[i];
        if (!r) return 1;
        u64 in = offset - (r->vcn << c), n = (r->length << c) - in;
        if (n > count) n = count;
        if (r->lcn == ~0ull) { for (u64 i = 0; i < n; i++) to[i] = 0; }
        else {
            u64 at = (r->lcn << c) + in; u32 skip = (u32)(at & 511);
            if (skip || n < 512) {
                if (!sector) sector = allocate(512);
                if (n > 512 - skip) n = 512 - skip;
                if ((at >> 9) >= v->sectors || disk_read(v->start + (at >> 9), 1, sector)) return 1;
                for (u32 i = 0; i < n; i++) to[i] = sector[skip + i];
            } else {
                if (n > 1 << 20) n = 1 << 20;
                n &= ~511ull;
                if ((at >> 9) + (n >> 9) > v->sectors || disk_read(v->start + (at >> 9), (u32)(n >> 9), to)) return 1;
            }
        }
        for (u64 i = offset < s->initialized ? s->initialized - offset : 0; i < n; i++) to[i] = 0;
        offset += n; to += n; count -= n;
    }
    return 0;
}

int ntfs_open(struct volume *v, u64 start)
{
    u8 *b = allocate(512);
    if (disk_read(start, 1, b) || !same(b + 3, (const u8 *)"NTFS    ", 8) || w16(b + 0x0B) != 512) return 1;
    v->start = start; v->sectors = w64(b + 0x28);
    v->cluster = size_of(b[0x0D] > 0x80 ? (u8)(b[0x0D]) : b[0x0D], 512);
    if (b[0x0D] > 0x80) v->cluster = 512u << (256 - b[0x0D]);
    v->record = size_of(b[0x40], v->cluster); v->index = size_of(b[0x44], v->cluster);
    if (v->record < 512 || v->record > 4096 || v->index > 65536) return 1;
    u8 *r = allocate(v->record); u64 at = start + (w64(b + 0x30) << shift(v->cluster) >> 9);
    if (disk_read(at, v->record >> 9, r) || fixups(r, v->record, "FILE")) return 1;
    v->mft.resident = 0; v->mft.runs = 0; v->mft.run_count = 0;
    return take(v, r, 0x80, "", 0, &v->mft);
}


/* Below 0, 0, or above 0, as the name of the path comes before, is, or comes after the key of an entry. */
static int compare(const char *name, u32 length, u8 *key)
{
    u32 n = key[0x40], i = 0;
    for (; i < length && i < n; i++) {
        u32 a = upper((u8)name[i]), b = upper(w16(key + 0x42 + 2 * i));
        if (a != b) return a < b ? -1 : 1;
    }
    return (int)length - (int)n;
}

static int find_one(struct volume *v, u64 directory, const char *name, u32 length, u64 *record)
{
    struct stream root, blocks;
    if (ntfs_stream(v, directory, 0x90, "$I30", &root) || !root.resident) return 1;
    int has_blocks = !ntfs_stream(v, directory, 0xA0, "$I30", &blocks);
    u32 block = w32(root.resident + 8); u8 *header = root.resident + 0x10, *buffer = has_blocks ? allocate(block) : 0;
    for (int depth = 0; depth < 20; depth++) {
        u8 *e = header + w32(header), *end = header + w32(header + 4);
        for (;; e += w16(e + 8)) {
            if (e + 16 > end || w16(e + 8) < 16) return 1;
            if (w16(e + 12) & 2) break;
            int order = compare(name, length, e + 16);
            if (!order) { *record = w64(e) & 0xFFFFFFFFFFFFull; return 0; }
            if (order < 0) break;
        }
        if (!(w16(e + 12) & 1) || !has_blocks) return 1;
        u64 vcn = w64(e + w16(e + 8) - 8);
        u32 unit = v->cluster <= block ? shift(v->cluster) : 9;
        if (ntfs_read(v, &blocks, vcn << unit, block, buffer) || fixups(buffer, block, "INDX")) return 1;
        header = buffer + 0x18;
    }
    return 1;
}

int ntfs_find(struct volume *v, const char *path, u64 *record)
{
    *record = 5;
    while (*path) {
        while (*path == '\\') path++;
        u32 n = 0;
        while (path[n] && path[n] != '\\') n++;
        if (n && find_one(v, *record, path, n, record)) return 1;
        path += n;
    }
    return 0;
}

u8 *ntfs_file(struct volume *v, const char *path, u64 *size)
{
    u64 record; struct stream s;
    if (ntfs_find(v, path, &record) || ntfs_stream(v, record, 0x80, "", &s) || s.size > 1u << 28) return 0;
    u8 *bytes = allocate(s.size ? s.size : 1);
    *size = s.size;
    return ntfs_read(v, &s, 0, s.size, bytes) ? 0 : bytes;
}
