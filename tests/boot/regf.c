/* Registry hives, read only, from the description of the format. Keys are found as the kernel finds them: by the hash of an lh, the
   hint of an lf, the names of an li, in each leaf of an ri. */
#include "loader.h"


/* The payload of an allocated cell, or null. */
static u8 *cell(struct hive *h, u32 at, u32 need)
{
    if (at == 0xFFFFFFFF || at & 7 || at + 8 > h->bins) return 0;
    u8 *p = h->bytes + 0x1000 + at; u32 size = 0u - w32(p);
    if (!(w32(p) >> 31) || size > h->bins - at || size < need + 4) return 0;
    return p + 4;
}

const char *hive_open(struct hive *h, u8 *b, u64 size)
{
    if (size < 0x2000 || !same(b, (const u8 *)"regf", 4)) return "no hive";
    u32 sum = 0;
    for (u32 i = 0; i < 508; i += 4) sum ^= w32(b + i);
    if (sum == 0xFFFFFFFF) sum = 0xFFFFFFFE;
    if (!sum) sum = 1;
    if (sum != w32(b + 508)) return "checksum of the base block";
    if (w32(b + 4) != w32(b + 8)) return "sequence numbers differ";
    h->bytes = b; h->bins = w32(b + 0x28); h->root = w32(b + 0x24);
    if (h->bins & 0xFFF || h->bins > size - 0x1000) return "length of the bins";
    for (u32 at = 0; at < h->bins;) {
        u8 *bin = b + 0x1000 + at; u32 length = w32(bin + 8);
        if (!same(bin, (const u8 *)"hbin", 4) || w32(bin + 4) != at) return "head of a bin";
        if (!length || length & 0xFFF || length > h->bins - at) return "length of a bin";
        for (u32 c = 32; c < length;) {
            u32 n = w32(bin + c); if (n >> 31) n = 0u - n;
            if (n < 8 || n & 7 || n > length - c) return "size of a cell";
            c += n;
        }
        at += length;
    }
    u8 *root = cell(h, h->root, 0x4C);
    return !root || !same(root, (const u8 *)"nk", 2) ? "root key" : 0;
}

static u8 *node(struct hive *h, u32 key)
{
    u8 *n = cell(h, key, 0x4C);
    return n && same(n, (const u8 *)"nk", 2) ? n : 0;
}

static int is_named(const u8 *text8, u32 bytes, int latin, const char *name, u32 length)
{
    if ((latin ? bytes : bytes / 2) != length) return 0;
    for (u32 i = 0; i < length; i++) if (upper(latin ? text8[i] : w16(text8 + 2 * i)) != upper((u8)name[i])) return 0;
    return 1;
}

static u32 in_leaf(struct hive *h, u32 list, const char *name, u32 length)
{
    u8 *l = cell(h, list, 4); u32 hash = 0;
    if (!l) return 0;
    u32 kind = w16(l), count = w16(l + 2), wide_entry = kind == 0x686C || kind == 0x666C;
    if (!cell(h, list, 4 + count * (wide_entry ? 8 : 4))) return 0;
    if (kind == 0x6972) {
        for (u32 i = 0; i < count; i++) { u32 found = in_leaf(h, w32(l + 4 + 4 * i), name, length); if (found) return found; }
        return 0;
    }
    for (u32 i = 0; i < length; i++) hash = hash * 37 + upper((u8)name[i]);
    for (u32 i = 0; i < count; i++) {
        u8 *e = l + 4 + i * (wide_entry ? 8 : 4); u8 *n;
        if (kind == 0x686C && w32(e + 4) != hash) continue;
        if (kind == 0x666C && e[4]) {
            u32 k = 0;
            while (k < 4 && k < length && upper(e[4 + k]) == upper((u8)name[k])) k++;
            if (k < 4 && k < length) continue;
        }
        if ((n = node(h, w32(e))) && is_named(n + 0x4C, w16(n + 0x48), w16(n + 2) & 0x20, name, length)) return w32(e);
    }
    return 0;
}

u32 hive_find(struct hive *h, u32 key, const char *path)
{
    while (key && *path) {
        u32 n = 0;
        while (path[n] && path[n] != '\\') n++;
        u8 *k = node(h, key);
        if (!k || !w32(k + 0x14)) return 0;
        key = in_leaf(h, w32(k + 0x1C), path, n);
        path += path[n] ? n + 1 : n;
    }
    return key;
}

static u32 nth(struct hive *h, u32 list, u32 *index)
{
    u8 *l = cell(h, list, 4);
    if (!l) return 0;
    u32 kind = w16(l), count = w16(l + 2), size = kind == 0x686C || kind == 0x666C ? 8 : 4;
    if (!cell(h, list, 4 + count * size)) return 0;
    if (kind == 0x6972) {
        for (u32 i = 0; i < count; i++) { u32 found = nth(h, w32(l + 4 + 4 * i), index); if (found) return found; }
        return 0;
    }
    if (*index >= count) { *index -= count; return 0; }
    return w32(l + 4 + *index * size);
}

u32 hive_child(struct hive *h, u32 key, u32 index)
{
    u8 *k = node(h, key);
    return k && index < w32(k + 0x14) ? nth(h, w32(k + 0x1C), &index) : 0;
}

static const char *ascii(const u8 *s, u32 bytes, int latin)
{
    u32 n = latin ? bytes : bytes / 2, i = 0; char *out = allocate(n + 1);
    for (; i < n; i++) {
        u32 c = latin ? s[i] : w16(s + 2 * i);
        if (!c) break;
        out[i] = c >= 32 && c < 127 ? (char)c : '?';
    }
    out[i] = 0;
    return out;
}

const char *hive_name(struct hive *h, u32 key)
{
    u8 *n = node(h, key);
    return n && cell(h, key, 0x4C + w16(n + 0x48)) ? ascii(n + 0x4C, w16(n + 0x48), w16(n + 2) & 0x20) : "?";
}

static u8 *value_at(struct hive *h, u8 *k, u32 i)
{
    u8 *list = cell(h, w32(k + 0x28), 4 * w32(k + 0x24));
    u8 *v = list ? cell(h, w32(list + 4 * i), 0x14) : 0;
    return v && same(v, (const u8 *)"vk", 2) && cell(h, w32(list + 4 * i), 0x14 + w16(v + 2)) ? v : 0;
}

u8 *hive_value(struct hive *h, u32 key, const char *name, u32 *type, u32 *size)
{
    u8 *k = key ? node(h, key) : 0; u32 length = 0;
    while (name[length]) length++;
    for (u32 i = 0; k && i < w32(k + 0x24); i++) {
        u8 *v = value_at(h, k, i);
        if (!v || !is_named(v + 0x14, w16(v + 2), w16(v + 0x10) & 1, name, length)) continue;
        *type = w32(v + 12); *size = w32(v + 4) & 0x7FFFFFFF;
        return w32(v + 4) >> 31 ? v + 8 : *size > 16344 ? 0 : cell(h, w32(v + 8), *size);
    }
    return 0;
}

const char *hive_value_name(struct hive *h, u32 key, u32 index)
{
    u8 *k = key ? node(h, key) : 0;
    if (!k || index >= w32(k + 0x24)) return 0;
    u8 *v = value_at(h, k, index);
    return v ? ascii(v + 0x14, w16(v + 2), w16(v + 0x10) & 1) : "?";
}

const char *hive_string(struct hive *h, u32 key, const char *name)
{
    u32 type, size; u8 *v = hive_value(h, key, name, &type, &size);
    return v && (type == 1 || type == 2 || type == 7) ? ascii(v, size, 0) : 0;
}

int hive_number(struct hive *h, u32 key, const char *name, u32 *value)
{
    u32 type, size; u8 *v = hive_value(h, key, name, &type, &size);
    if (!v || type != 4 || size != 4) return 1;
    *value = w32(v);
    return 0;
}
