"""Time for each item while their number grows: files, keys, subkeys of one key, fragments of one file, clusters of a QCOW2."""
import math
import os
import shutil
import subprocess

from measure import run

SLACK = 1.25  # over log n, for noise


def measure(tool, fixtures, scratch, largest, path):
    machine, hive = os.path.join(scratch, "machine.raw"), os.path.join(scratch, "SOFTWARE")
    run([fixtures, "machine", machine, "--invented"])
    run([tool, "fs", "get", machine, "/Windows/System32/config/SOFTWARE", hive])
    sizes = [n for n in (1_000, 10_000, 100_000, 1_000_000) if n <= largest]
    for name, prepare in (("files", files), ("keys", keys), ("subkeys of one key", subkeys), ("fragments of one file", fragments), ("clusters of a QCOW2", clusters)):
        costs = []
        for n in sizes:
            folder = os.path.join(scratch, "growth")
            os.makedirs(folder)
            empty, full = prepare(tool, folder, n, dict(os.environ, PATH=path, HIVE=hive))
            idle = min(run(empty()).cpu for _ in range(3))
            runs = [run(full()) for _ in range(3 if n < 1_000_000 else 1)]
            costs.append((n, max(0.0, min(r.cpu for r in runs) - idle) / n * 1e6, max(r.peak for r in runs)))
            shutil.rmtree(folder)
        # below 10,000 the difference of two runs is mostly noise
        worse = [f"{b[0]:,}" for a, b in zip(costs[1:], costs[2:]) if b[1] > a[1] * math.log(b[0]) / math.log(a[0]) * SLACK]
        yield (f"growth, {name}: " + "; ".join(f"{n:,}: {each:.2f} µs each, {peak:.0f} MiB" for n, each, peak in costs)
               + (f": FASTER THAN LOG N at {', '.join(worse)}" if worse else ": not faster than log n"))


def volume(path, size, env):
    with open(path, "wb") as file:
        file.truncate(size)
    subprocess.run(["mkntfs", "-F", "-Q", "-q", path], check=True, env=env, stderr=subprocess.DEVNULL)


def files(tool, folder, n, env):
    """Creates n files in directories of 1,000."""
    blank, work, tree, none = (os.path.join(folder, x) for x in ("blank.img", "work.img", "tree", "none"))
    volume(blank, 8 << 30, env)
    os.makedirs(none)
    for i in range(n):
        if i % 1000 == 0:
            os.makedirs(os.path.join(tree, f"d{i // 1000}"))
        with open(os.path.join(tree, f"d{i // 1000}", f"f{i}"), "wb") as file:
            file.write(b"content")

    def put(source):
        subprocess.run(["cp", "--sparse=always", blank, work], check=True)
        return [tool, "fs", "put", work, source, "/", "--no-undo-keep"]

    return lambda: put(none), lambda: put(tree)


def merge(tool, folder, lines, env):
    """Merges a text into a small hive."""
    text, small, hive, blank = (os.path.join(folder, x) for x in ("many.reg", "one.reg", "hive", "blank"))
    for name, body in ((text, lines), (small, ["[HKEY_LOCAL_MACHINE\\SOFTWARE\\One]", '"a"="b"', ""])):
        with open(name, "w", encoding="utf-16", newline="") as file:
            file.write("\r\n".join(["Windows Registry Editor Version 5.00", "", *body]))
    shutil.copyfile(env["HIVE"], blank)

    def start(source):
        shutil.copyfile(blank, hive)
        return [tool, "reg", "import", hive, source, "--no-undo-keep"]

    return lambda: start(small), lambda: start(text)


def keys(tool, folder, n, env):
    return merge(tool, folder, [line for i in range(n) for line in (f"[HKEY_LOCAL_MACHINE\\SOFTWARE\\A{i // 1000}\\K{i}]", '"v"=dword:00000001', "")], env)


def subkeys(tool, folder, n, env):
    return merge(tool, folder, [line for i in range(n) for line in (f"[HKEY_LOCAL_MACHINE\\SOFTWARE\\One\\K{i:07}]", "")], env)


def fragments(tool, folder, n, env):
    """Reads a file of n fragments of one cluster each: every second cluster of it is a hole in what lay there before."""
    image, small = os.path.join(folder, "volume.img"), os.path.join(folder, "small")
    volume(image, 16 << 30, env)
    mount = os.path.join(folder, "mount")
    os.makedirs(mount)
    subprocess.run(["ntfs-3g", image, mount], check=True, env=env)
    try:
        # two files that grow in turn, a cluster at a time, lie between each other
        with open(os.path.join(mount, "a"), "wb", buffering=0) as a, open(os.path.join(mount, "b"), "wb", buffering=0) as b:
            for i in range(n):
                a.write(bytes(4096))
                b.write(bytes(4096))
                if i % 16 == 0:
                    os.fsync(a.fileno())
    finally:
        subprocess.run(["umount", mount], check=True)
    with open(small, "wb"):
        pass
    out = os.path.join(folder, "out")

    def get(name):
        shutil.rmtree(out, ignore_errors=True)
        os.makedirs(out)
        return [tool, "fs", "get", image, name, out]

    return lambda: [tool, "fs", "ls", image], lambda: get("/a")


def clusters(tool, folder, n, env):
    """Opens and compares a QCOW2 of n data clusters of 64 KiB, each with one sector of data."""
    raw, qcow2, empty = (os.path.join(folder, x) for x in ("disk.raw", "disk.qcow2", "empty.qcow2"))
    with open(raw, "wb") as file:
        file.truncate(n * 65536 + (1 << 20))
        for i in range(n):
            file.seek(i * 65536)
            file.write(b"data")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", empty, str(n * 65536 + (1 << 20))], check=True)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", raw, qcow2], check=True)
    os.remove(raw)
    return lambda: [tool, "compare", empty, empty], lambda: [tool, "compare", qcow2, qcow2]
