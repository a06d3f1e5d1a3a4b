#!/usr/bin/env python3
"""ntfs_shapes.py IMAGE [OFFSET] [FIRST]: what shapes an NTFS volume has, counted from the description of the format alone; one JSON object.

To compare volumes that Windows wrote with the same volumes after our edits: heads and attributes of FILE records, spare bytes, names and
their namespaces, index blocks and their filling, runs. FIRST is the first record that is counted (24: no metafiles). A number that differs
is a question, not yet a fault.
"""
import collections
import json
import struct
import sys


def fixups(record, size):
    at, count = struct.unpack_from("<HH", record, 4)
    r = bytearray(record[:size])
    for i in range(1, count):
        r[512 * i - 2:512 * i] = r[at + 2 * i:at + 2 * i + 2]
    return bytes(r)


def runs_of(attribute):
    at, lcn, runs = struct.unpack_from("<H", attribute, 0x20)[0], 0, []
    while attribute[at]:
        nl, no = attribute[at] & 15, attribute[at] >> 4
        length = int.from_bytes(attribute[at + 1:at + 1 + nl], "little")
        lcn += int.from_bytes(attribute[at + 1 + nl:at + 1 + nl + no], "little", signed=True)
        runs.append((lcn if no else None, length))
        at += 1 + nl + no
    return runs


class Volume:
    def __init__(self, file, offset):
        self.file, self.offset = file, offset
        boot = self.read(0, 512)
        spc = boot[0x0D]
        self.cluster = 512 * (spc if spc <= 128 else 1 << (256 - spc))
        self.clusters = struct.unpack_from("<Q", boot, 0x28)[0] * 512 // self.cluster
        code = boot[0x40]
        self.record = 1 << (256 - code) if code > 128 else code * self.cluster
        self.mft = struct.unpack_from("<Q", boot, 0x30)[0]
        first = fixups(self.read(self.mft * self.cluster, self.record), self.record)
        self.mft_runs = next(runs_of(a) for t, a in self.attributes(first) if t == 0x80)
        self.records = next(struct.unpack_from("<Q", a, 0x30)[0] for t, a in self.attributes(first) if t == 0x80) // self.record

    def read(self, at, count):
        self.file.seek(self.offset + at)
        return self.file.read(count)

    def stream(self, runs, at, count):
        out = b""
        for lcn, length in runs:
            if at < length * self.cluster and count:
                n = min(count, length * self.cluster - at)
                out += bytes(n) if lcn is None else self.read(lcn * self.cluster + at, n)
                at, count = 0, count - n
            else:
                at -= length * self.cluster
        return out

    @staticmethod
    def attributes(record):
        at = struct.unpack_from("<H", record, 0x14)[0]
        while struct.unpack_from("<I", record, at)[0] != 0xFFFFFFFF:
            length = struct.unpack_from("<I", record, at + 4)[0]
            yield struct.unpack_from("<I", record, at)[0], record[at:at + length]
            at += length

    def measure(self, first):
        r = collections.defaultdict(collections.Counter)
        for number in range(first, self.records):
            raw = self.stream(self.mft_runs, number * self.record, self.record)
            if raw[:4] != b"FILE" or not struct.unpack_from("<H", raw, 0x16)[0] & 1:
                continue
            record = fixups(raw, self.record)
            self.one(record, r)
        return {"cluster": self.cluster, "record": self.record, **{k: dict(v.most_common(8)) for k, v in sorted(r.items())}}

    def one(self, record, r):
        usa, _, _, sequence, links, start, flags, used, allocated, base, next_id = struct.unpack_from("<HHQHHHHIIQH", record, 4)
        attributes = list(self.attributes(record))
        kind = "extension" if base else "directory" if flags & 2 else "file"
        r[f"attributes of a {kind}"][" ".join(f"{t:02X}" for t, _ in attributes)] += 1
        r["heads: fixups at, attributes at, allocated"][f"{usa:#x} {start:#x} {allocated}"] += 1
        ids = [struct.unpack_from("<H", a, 14)[0] for _, a in attributes]
        r["next attribute id less the highest"][next_id - max(ids, default=-1)] += 1
        r["attribute ids in order of the attributes"][ids == sorted(ids)] += 1
        r["bytes behind the end of a record"]["zero" if not any(record[used:allocated - 2]) else "remnants"] += 1
        r["record used to its end mark"][used % 8] += 1
        names = []
        for t, a in attributes:
            resident = not a[8]
            if resident:
                value_at, value = struct.unpack_from("<H", a, 0x14)[0], struct.unpack_from("<I", a, 0x10)[0]
                spare = len(a) - value_at - value
                r[f"spare bytes behind a resident value of {t:02X}"][spare if spare < 16 else "16 and more"] += 1
                r["indexed flag"][f"{t:02X} {a[0x16]}"] += 1
            if t == 0x10 and resident:
                r["length of standard information"][value] += 1
            if t == 0x30 and resident:
                body = a[value_at:value_at + value]
                names.append(body[0x41])
            if t in (0x80, 0xA0) and not resident and struct.unpack_from("<Q", a, 0x10)[0] == 0:
                runs = runs_of(a)
                size, data, initialized = struct.unpack_from("<QQQ", a, 0x28)
                r[f"runs of {t:02X}"][min(len(runs), 6)] += 1
                if t == 0x80 and not struct.unpack_from("<H", a, 12)[0]:
                    need = (data + self.cluster - 1) // self.cluster
                    r["allocated beyond need, clusters"][size // self.cluster - need] += 1
                    r["initialized to the end"][data == initialized] += 1
            if t == 0x90 and resident:
                body = a[value_at:value_at + value]
                r["index root: collation, block, clusters a block"]["%d %d %d" % struct.unpack_from("<IIB", body, 4)] += 1
                r["index root: allocated less used"][struct.unpack_from("<I", body, 0x18)[0] - struct.unpack_from("<I", body, 0x14)[0]] += 1
            if t == 0xA0 and not resident:
                self.blocks(a, r)
        if names:
            r[f"namespaces of a {kind}"][" ".join(map(str, names))] += 1
            r["link count is the number of names"][links == len(names)] += 1

    def blocks(self, attribute, r):
        runs = runs_of(attribute)
        for at in range(0, struct.unpack_from("<Q", attribute, 0x30)[0], 4096):
            raw = self.stream(runs, at, 4096)
            if raw[:4] != b"INDX":
                r["index blocks"]["not written"] += 1
                continue
            block = fixups(raw, 4096)
            entries, used, allocated, flags = struct.unpack_from("<IIII", block, 0x18)
            r["index blocks"][f"entries at {entries:#x}, allocated {allocated}, flags {flags}"] += 1
            r["filling of index blocks, tenths"][10 * used // allocated] += 1
            r["bytes behind the entries of a block"]["zero" if not any(block[0x18 + used:-2]) else "remnants"] += 1


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as source:
        volume = Volume(source, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
        print(json.dumps(volume.measure(int(sys.argv[3]) if len(sys.argv) > 3 else 0), indent=1))
