/* What Windows' boot manager and loader would do with this disk, said on COM1: the default entry of the boot configuration, the
   partition that its device names, the loader there, the SYSTEM hive and its boot drivers in their order; then, as the PnP manager
   would, the driver of each disk controller of this machine. Nothing here is shared with the program under test. */
#include "loader.h"

#define MOST_DRIVERS 512u
#define BOOT_MANAGER "{9dea862c-5cdd-4e70-acc1-f32b344d4795}"

struct driver { const char *name, *path, *group; u32 group_rank, tag_rank; u64 file; u16 machine; };

static struct hive system_hive;
static struct volume windows;
static u32 control_set;
static int problems;

static inline void out32(u16 port, u32 value) { __asm__ volatile("outl %0,%1" : : "a"(value), "Nd"(port)); }
static inline u32 in32(u16 port) { u32 v; __asm__ volatile("inl %1,%0" : "=a"(v) : "Nd"(port)); return v; }

static u32 length_of(const char *s) { u32 n = 0; while (s[n]) n++; return n; }

static const char *join(const char *a, const char *b)
{
    char *s = allocate(length_of(a) + length_of(b) + 1), *p = s;
    while (*a) *p++ = *a++;
    while (*b) *p++ = *b++;
    *p = 0;
    return s;
}

static void problem(const char *what, const char *detail)
{
    text("PROBLEM "); text(what); if (detail) { text(": "); text(detail); } text("\n");
    problems++;
}

static void guid(const u8 *g)
{
    hex(w32(g), 8); put('-'); hex(w16(g + 4), 4); put('-'); hex(w16(g + 6), 4); put('-');
    for (int i = 8; i < 16; i++) { hex(g[i], 2); if (i == 9) put('-'); }
}

/* The machine type of a PE file, or 0. */
static u16 pe_machine(const u8 *b, u64 size)
{
    if (!b || size < 0x40 || !same(b, (const u8 *)"MZ", 2) || w32(b + 0x3C) > size - 6) return 0;
    return same(b + w32(b + 0x3C), (const u8 *)"PE\0\0", 4) ? w16(b + w32(b + 0x3C) + 4) : 0;
}

/* Where the partition of a device element starts, in sectors; 0 when this disk has none such. */
static u64 partition_of(const u8 *element, u32 size)
{
    u8 *s = allocate(512);
    if (size < 0x48 || w32(element + 0x10) != 6 || w32(element + 0x18) != 0x48) return 0;
    if (w32(element + 0x34) == 1) {
        if (disk_read(0, 1, s) || w32(s + 0x1B8) != w32(element + 0x38)) return 0;
        for (u8 *e = s + 0x1BE; e < s + 0x1FE; e += 16) if (e[4] && (u64)w32(e + 8) << 9 == w64(element + 0x20)) return w32(e + 8);
        return 0;
    }
    if (w32(element + 0x34) || disk_read(1, 1, s)) return 0;
    if (!same(s, (const u8 *)"EFI PART", 8) || !same(s + 56, element + 0x38, 16)) return 0;
    u64 table = w64(s + 72); u32 count = w32(s + 80);
    if (w32(s + 84) != 128 || count > 1024) return 0;
    for (u32 i = 0; i < count; i++) {
        if (!(i & 3) && disk_read(table + i / 4, 1, s)) return 0;
        if (same(s + 128 * (i & 3) + 16, element + 0x20, 16)) return w64(s + 128 * (i & 3) + 32);
    }
    return 0;
}

static u32 element_of(struct hive *store, const char *id, const char *element)
{
    return hive_find(store, store->root, join(join(join("Objects\\", id), "\\Elements\\"), element));
}

static u64 device_of(struct hive *store, const char *id, const char *element)
{
    u32 type, size; u8 *v = hive_value(store, element_of(store, id, element), "Element", &type, &size);
    return v ? partition_of(v, size) : 0;
}

static int boot_entry(u8 *bytes, u64 size)
{
    struct hive store; const char *fault = bytes ? hive_open(&store, bytes, size) : "missing";
    if (fault) { problem("boot configuration", fault); return 1; }
    const char *id = hive_string(&store, element_of(&store, BOOT_MANAGER, "23000003"), "Element");
    if (!id) { problem("boot configuration", "no default entry"); return 1; }
    const char *path = hive_string(&store, element_of(&store, id, "12000002"), "Element");
    const char *root = hive_string(&store, element_of(&store, id, "22000002"), "Element");
    u64 at = device_of(&store, id, "11000001"), os = device_of(&store, id, "21000001");
    text("ENTRY "); text(id); text(" path "); text(path ? path : "none"); text(" root "); text(root ? root : "none");
    text(" device "); number(at); text(" osdevice "); number(os); text("\n");
    if (!path || !root || !at || at != os) { problem("boot configuration", "the entry names no partition of this disk"); return 1; }
    if (ntfs_open(&windows, at)) { problem("partition of Windows", "no NTFS volume"); return 1; }
    u8 *loader = ntfs_file(&windows, path, &size);
    text("LOADER "); number(loader ? size : 0); text(" bytes, machine "); hex(pe_machine(loader, size), 4); text("\n");
    if (!pe_machine(loader, size)) { problem("loader", "not a program"); return 1; }
    u8 *hive = ntfs_file(&windows, join(root, "\\System32\\config\\SYSTEM"), &size);
    fault = hive ? hive_open(&system_hive, hive, size) : "missing";
    if (fault) { problem("SYSTEM hive", fault); return 1; }
    text("HIVE "); number(size); text(" bytes, bins "); number(system_hive.bins); text("\n");
    return 0;
}

/* Where a name stands in a REG_MULTI_SZ, or behind all. */
static u32 rank_in(const u8 *list, u32 size, const char *name)
{
    u32 rank = 0, n = length_of(name), at = 0;
    while (list && at + 1 < size && w16(list + at)) {
        u32 count = 0;
        while (at + 2 * count + 1 < size && w16(list + at + 2 * count)) count++;
        if (count == n) {
            u32 i = 0;
            while (i < n && upper(w16(list + at + 2 * i)) == upper((u8)name[i])) i++;
            if (i == n) return rank;
        }
        at += 2 * (count + 1); rank++;
    }
    return 0xFFFF;
}

static u32 start_of(u32 service)
{
    u32 start = 4;
    hive_number(&system_hive, service, "Start", &start);
    hive_number(&system_hive, hive_find(&system_hive, service, "StartOverride"), "0", &start);
    return start;
}

/* The file of a driver, as the loader takes it from ImagePath: below the system root, or from the root of the volume. */
static const char *driver_path(u32 service)
{
    const char *path = hive_string(&system_hive, service, "ImagePath");
    if (!path || !*path) return join(join("\\Windows\\System32\\drivers\\", hive_name(&system_hive, service)), ".sys");
    const char *prefix = "\\SystemRoot\\"; u32 n = length_of(prefix), i = 0;
    while (i < n && upper((u8)path[i]) == upper((u8)prefix[i])) i++;
    if (i == n) return join("\\Windows\\", path + n);
    if (*path != '\\') return join("\\Windows\\", path);
    return path[1] == '?' ? path + 6 : path; /* \??\C: */
}

static u64 file_of(const char *path, u16 *machine)
{
    u64 size; u8 *b = ntfs_file(&windows, path, &size);
    *machine = pe_machine(b, size);
    return b ? size : 0;
}

static void boot_drivers(void)
{
    struct driver *list = allocate(sizeof(struct driver) * MOST_DRIVERS), *order[MOST_DRIVERS]; u32 count = 0, size, type;
    u32 services = hive_find(&system_hive, control_set, "Services");
    u8 *groups = hive_value(&system_hive, hive_find(&system_hive, control_set, "Control\\ServiceGroupOrder"), "List", &type, &size);
    u32 groups_size = groups ? size : 0;
    u32 tags = hive_find(&system_hive, control_set, "Control\\GroupOrderList");
    for (u32 i = 0, key; (key = hive_child(&system_hive, services, i)) != 0; i++) {
        u32 kind = 0, tag = 0;
        hive_number(&system_hive, key, "Type", &kind);
        if ((kind != 1 && kind != 2) || start_of(key) || count == MOST_DRIVERS) continue;
        struct driver *d = &list[count];
        d->name = hive_name(&system_hive, key); d->path = driver_path(key);
        d->group = hive_string(&system_hive, key, "Group");
        if (!d->group) d->group = "";
        d->group_rank = *d->group ? rank_in(groups, groups_size, d->group) : 0xFFFF;
        d->tag_rank = 0xFFFF;
        if (!hive_number(&system_hive, key, "Tag", &tag) && *d->group) {
            u8 *t = hive_value(&system_hive, tags, d->group, &type, &size);
            for (u32 k = 0; t && k < w32(t) && 4 * k + 8 <= size; k++)
                if (w32(t + 4 + 4 * k) == tag && d->tag_rank == 0xFFFF) d->tag_rank = k;
        }
        u32 at = count++;
        while (at && (order[at - 1]->group_rank > d->group_rank
                || (order[at - 1]->group_rank == d->group_rank && order[at - 1]->tag_rank > d->tag_rank))) {
            order[at] = order[at - 1]; at--;
        }
        order[at] = d;
    }
    for (u32 i = 0; i < count; i++) {
        struct driver *d = order[i];
        d->file = file_of(d->path, &d->machine);
        text("DRIVER "); number(i + 1); put(' '); text(d->name); put(' '); text(d->path); put(' '); number(d->file);
        text(" machine "); hex(d->machine, 4);
        text(" group "); text(*d->group ? d->group : "-"); text("\n");
    }
    text("DRIVERS "); number(count); text("\n");
}

/* The service that the index of installed drivers has for an id of Windows 8 and later, or null. */
static const char *from_database(const char *id, const char **inf)
{
    u32 ids = hive_find(&system_hive, system_hive.root, join("DriverDatabase\\DeviceIds\\PCI\\", id));
    for (u32 i = 0; ids && (*inf = hive_value_name(&system_hive, ids, i)) != 0; i++) {
        u32 file = hive_find(&system_hive, system_hive.root, join("DriverDatabase\\DriverInfFiles\\", *inf));
        const char *package = hive_string(&system_hive, file, "Active");
        if (!package) continue;
        u32 key = hive_find(&system_hive, system_hive.root, join("DriverDatabase\\DriverPackages\\", package));
        u32 descriptor = hive_find(&system_hive, key, join("Descriptors\\PCI\\", id));
        const char *configuration = hive_string(&system_hive, descriptor, "Configuration");
        if (!configuration) continue;
        const char *service = hive_string(&system_hive, hive_find(&system_hive, key, join("Configurations\\", configuration)), "Service");
        if (service) return service;
    }
    return 0;
}

static const char *from_critical_devices(const char *id)
{
    return hive_string(&system_hive, hive_find(&system_hive, control_set, join("Control\\CriticalDeviceDatabase\\PCI#", id)), "Service");
}

static const char *hexed(u32 value, int digits)
{
    char *s = allocate(9); s[digits] = 0;
    for (int i = digits - 1; i >= 0; i--, value >>= 4) s[i] = "0123456789ABCDEF"[value & 15];
    return s;
}

static u32 pci(u32 function, u32 at) { out32(0xCF8, 0x80000000u | function << 8 | at); return in32(0xCFC); }

/* Whether the controller's driver will have been loaded when the disk is needed. */
static void controller(u32 function, int has_database)
{
    u32 ids = pci(function, 0), class = pci(function, 8), subsystem = pci(function, 0x2C);
    const char *device = join(join("VEN_", hexed(ids & 0xFFFF, 4)), join("&DEV_", hexed(ids >> 16, 4)));
    const char *subsys = join("&SUBSYS_", hexed(subsystem, 8)), *revision = join("&REV_", hexed(class & 0xFF, 2));
    const char *id[] = { join(device, join(subsys, revision)), join(device, subsys), join(device, revision), device,
        join("CC_", hexed(class >> 8, 6)), join("CC_", hexed(class >> 16, 4)) };
    const char *service = 0, *inf = "CriticalDeviceDatabase"; u32 i = 0;
    for (; i < 6 && !service; i++) service = has_database ? from_database(id[i], &inf) : from_critical_devices(id[i]);
    text("CONTROLLER "); text(id[0]); text(" class "); hex(class >> 8, 6);
    if (!service) {
        text(" no driver\n");
        if (class >> 16 != 0x0101) problem("stop 7B, no driver for the disk controller", device);
        return;
    }
    u32 key = hive_find(&system_hive, control_set, join("Services\\", service)), start = key ? start_of(key) : 4; u16 machine = 0;
    const char *path = key ? driver_path(key) : "none"; u64 size = key ? file_of(path, &machine) : 0;
    text(" by "); text(id[i - 1]); text(" of "); text(inf); text(" service "); text(service);
    text(" start "); number(start); text(" file "); text(path);
    put(' '); number(size); text("\n");
    if (class >> 16 == 0x0101) return;
    if (!key) problem("stop 7B, the driver of the disk controller has no service", service);
    else if (start) problem("stop 7B, the driver of the disk controller does not start at boot", service);
    else if (!size || !machine) problem("stop 7B, the driver of the disk controller has no file", path);
}

static u32 find(const u8 *in, u64 size, const char *what, u32 step)
{
    u32 n = length_of(what);
    for (u32 at = 0; at + n * step <= size; at++) {
        u32 i = 0;
        while (i < n && in[at + i * step] == (u8)what[i]) i++;
        if (i == n) return at + n * step;
    }
    return 0;
}

/* What a startup script of the local group policy would say on COM1: the script of the queue, where the policy names its runner. */
static void first_start(void)
{
    u64 policy_size, size;
    u8 *policy = ntfs_file(&windows, "\\Windows\\System32\\GroupPolicy\\Machine\\Scripts\\scripts.ini", &policy_size);
    u8 *runner = ntfs_file(&windows, "\\Windows\\Setup\\OfflinePatch\\run.cmd", &size);
    u8 *script = ntfs_file(&windows, "\\Windows\\Setup\\OfflinePatch\\queue\\00-offlinepatch-witness.cmd", &size);
    if (!policy || !runner || !script || !find(policy, policy_size, "0CmdLine=%SystemRoot%\\Setup\\OfflinePatch\\run.cmd", 2)) return;
    u32 at = find(script, size, ">COM1 echo ", 1);
    for (; at && at < size && script[at] >= ' '; at++) put((char)script[at]);
    text("\n");
}

int run(u8 *store, u64 store_size, int uefi)
{
    text("\nSTAND-IN "); text(uefi ? "uefi\n" : "bios\n");
    u8 *head = allocate(512);
    if (!disk_read(uefi, 1, head)) { text("DISK "); if (uefi) guid(head + 56); else hex(w32(head + 0x1B8), 8); text("\n"); }
    if (boot_entry(store, store_size)) return 1;
    u32 current = 1;
    if (hive_number(&system_hive, hive_find(&system_hive, system_hive.root, "Select"), "Current", &current))
        problem("SYSTEM hive", "no Select\\Current");
    char *set = (char *)join("ControlSet000", "");
    set[12] = (char)('0' + current % 10); set[11] = (char)('0' + current / 10 % 10);
    control_set = hive_find(&system_hive, system_hive.root, set);
    if (!control_set) { problem("SYSTEM hive", "no current control set"); return 1; }
    text("SET "); text(set); text("\n");
    boot_drivers();
    int has_database = hive_find(&system_hive, system_hive.root, "DriverDatabase") != 0;
    for (u32 f = 0; f < 0x10000; f++) {
        if (f & 7 && !(pci(f & ~7u, 0x0C) >> 23 & 1)) continue;
        if (pci(f, 0) != 0xFFFFFFFF && pci(f, 8) >> 24 == 1) controller(f, has_database);
    }
    if (!problems) first_start();
    return problems;
}
