#!/usr/bin/env python3
"""hive_shapes.py HIVE...: what shapes a registry hive has, counted from the description of the format alone; one JSON object a hive.

To compare hives that Windows wrote with the same hives after our edits: kinds, lengths, capacities and order of subkey lists, spare bytes
of cells by kind, free cells and their neighbours, sizes of bins, padding. A number that differs is a question, not yet a fault.
"""
import collections
import json
import struct
import sys

KINDS = {b"nk": "nk", b"vk": "vk", b"sk": "sk", b"lf": "lf", b"lh": "lh", b"li": "li", b"ri": "ri", b"db": "db"}


def round8(n):
    return (n + 7) & ~7


class Shapes:
    def __init__(self, data):
        self.data = data
        self.minor = struct.unpack_from("<I", data, 0x18)[0]
        self.length = struct.unpack_from("<I", data, 0x28)[0]
        self.cells = {}
        self.bins = []
        self.free = []
        self.adjacent_free = 0
        at = 0
        while at < self.length:
            size = struct.unpack_from("<I", data, 0x1000 + at + 8)[0]
            self.bins.append(size)
            cell, was_free = at + 32, False
            while cell < at + size:
                n = struct.unpack_from("<i", data, 0x1000 + cell)[0]
                if n > 0:
                    self.free.append(n)
                    self.adjacent_free += was_free
                else:
                    self.cells[cell] = -n
                was_free = n > 0
                cell += abs(n)
            at += size

    def bytes_of(self, cell):
        return self.data[0x1004 + cell:0x1000 + cell + self.cells[cell]]

    def name(self, key):
        body = self.bytes_of(key)
        n = struct.unpack_from("<H", body, 72)[0]
        latin = struct.unpack_from("<H", body, 2)[0] & 0x20
        return body[76:76 + n].decode("latin-1" if latin else "utf-16le", "replace")

    def leaf(self, cell):
        body = self.bytes_of(cell)
        kind, count = KINDS.get(body[:2]), struct.unpack_from("<H", body, 2)[0]
        step = 8 if kind in ("lf", "lh") else 4
        return kind, count, step, [struct.unpack_from("<I", body, 4 + step * i)[0] for i in range(count)]

    def measure(self):
        r = collections.defaultdict(collections.Counter)
        longest = collections.Counter()
        disorder = 0
        root = struct.unpack_from("<I", self.data, 0x24)[0]
        pending = [root]
        while pending:
            key = pending.pop()
            body = self.bytes_of(key)
            count, lists = struct.unpack_from("<I", body, 20)[0], struct.unpack_from("<I", body, 28)[0]
            name_length = struct.unpack_from("<H", body, 72)[0]
            r["spare bytes of nk"][self.cells[key] - round8(4 + 76 + name_length)] += 1
            values, value_list = struct.unpack_from("<I", body, 36)[0], struct.unpack_from("<I", body, 40)[0]
            if values:
                r["spare entries of value lists"][(self.cells[value_list] - round8(4 + 4 * values)) // 4] += 1
                for i in range(values):
                    self.value(struct.unpack_from("<I", self.bytes_of(value_list), 4 * i)[0], r)
            if not count:
                continue
            kind, n, step, entries = self.leaf(lists)
            leaves = [(lists, kind, n, step, entries)]
            if kind == "ri":
                leaves = [(leaf, *self.leaf(leaf)) for leaf in entries]
                r["leaves of an index root"][len(leaves)] += 1
                r["spare entries of index roots"][(self.cells[lists] - round8(4 + 4 + 4 * n)) // 4] += 1
            names = []
            for cell, kind, n, step, entries in leaves:
                r["kinds of leaves"][kind] += 1
                longest[kind] = max(longest[kind], n)
                capacity = (self.cells[cell] - 8) // step
                r["spare entries of leaves"]["0" if capacity == n else "up to half" if capacity <= n * 3 // 2 + 1 else "more"] += 1
                if len(leaves) > 1:
                    r["entries of a leaf below a root"][n] += 1
                names += [self.name(k).upper() for k in entries]
                pending += entries
            disorder += sum(a >= b for a, b in zip(names, names[1:]))
        return {
            "minor version": self.minor, "bins": dict(collections.Counter(self.bins).most_common(6)), "cells": len(self.cells),
            "free cells": len(self.free), "free bytes in percent": round(100 * sum(self.free) / max(1, self.length), 2),
            "free cells beside free cells": self.adjacent_free, "keys out of order": disorder, "longest leaf": dict(longest),
            **{k: dict(v.most_common(8)) for k, v in sorted(r.items())},
        }

    def value(self, cell, r):
        body = self.bytes_of(cell)
        name_length, size, data = struct.unpack_from("<HII", body, 2)
        r["spare bytes of vk"][self.cells[cell] - round8(4 + 20 + name_length)] += 1
        r["bytes behind the name of a value"]["zero" if not any(body[20 + name_length:]) else "remnants"] += 1
        if size >> 31:
            r["where data stands"]["in the value"] += 1
            return
        kind = "big" if size > 16344 and self.minor >= 4 else "cell"
        r["where data stands"][kind] += 1
        if kind == "cell" and size:
            r["spare bytes of data"][min(64, self.cells[data] - round8(4 + size))] += 1


if __name__ == "__main__":
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            print(json.dumps({"hive": path.rsplit("/", 1)[-1], **Shapes(file.read()).measure()}, indent=1, ensure_ascii=False))
