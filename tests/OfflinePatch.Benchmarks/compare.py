"""Measures whole processes: ours and a peer's in turn, A B A B, after one warm-up each, and prints one table of times, ratios, memory and bytes.
Fails when a ratio is worse than the recorded one by more than 15 %.

usage: compare.py [--record] [SECTION...]     sections: see SECTIONS at the end (default: all); --record writes recorded.json and RESULTS.md
"""
import datetime
import json
import os
import platform
import shlex
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import growth
from machine import Maker, grow_hive
from measure import PATH, RUNS, Table, run

ROOT = os.getcwd()
HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(ROOT, "bin", "offlinepatch")
FIXTURES = os.path.join(ROOT, "fixtures/OfflinePatch.Fixtures/bin/Release/net10.0/offlinepatch-fixtures")
CORPUS = os.environ.get("OFFLINEPATCH_CORPUS", os.path.join(ROOT, "../shared/corpus"))
SCALE = float(os.environ.get("OFFLINEPATCH_BENCH_SCALE", "1"))  # of the machine, for a quick look
RECORDED = os.path.join(HERE, "recorded.json")
RESULTS = os.path.join(HERE, "RESULTS.md")
TABLE = Table(json.load(open(RECORDED, encoding="utf-8")) if os.path.exists(RECORDED) else {})


def pair(name, ours, peer=None, peer_name="", goal=None, before=None, runs=RUNS):
    """A figure whose goal is a ratio."""
    return TABLE.pair(name, ours, peer, peer_name, f"≤ {goal}" if goal else "", goal or float("inf"), before=before, runs=runs)


def bench_start(scratch):
    """Start-up: every command pays it."""
    pair("start: --version", [TOOL, "--version"])


def bench_machine(scratch):
    """The machine of 40 GiB in four formats: inspect, check, fix with drivers, fix with drivers and agent, check of the result."""
    maker = Maker(TOOL, FIXTURES, CORPUS, scratch, SCALE)
    iso, root = maker.disc()
    agent = maker.agent()
    raw = maker.machine()
    mount = os.path.join(scratch, "mount")
    os.makedirs(mount)
    images = {"raw": raw}
    for format in ("qcow2", "vmdk", "vhdx"):
        images[format] = os.path.join(scratch, "machine." + format)
        run([TOOL, "convert", raw, "-o", images[format], "-O", format])
    drivers = ["--drivers", iso, "--trust-root", root]
    scan = os.stat(raw).st_blocks / 2048
    start = partition_start(raw)
    for format, image in images.items():
        undo_file = image + ".offlinepatch-undo"

        def undo():
            if os.path.exists(undo_file):
                run([TOOL, "undo", image])
            os.sync()

        peer, peer_name = by_script(raw, start, mount, scratch) if format == "raw" else (None, "")
        TABLE.pair(f"inspect, {format}", [TOOL, "inspect", image], peer, peer_name, "0.10 s, 150 MiB", seconds=0.10, memory_limit=150)
        check = TABLE.pair(f"check, {format}", [TOOL, "check", image, *drivers], peer, peer_name, "0.25 s, 150 MiB", seconds=0.25, memory_limit=150)
        TABLE.note(f"check, {format}: reads {statistics.median(r.read for r in check.ours) / scan:.1%} of the {scan:.0f} MiB that the disk holds (goal: 2 %)")
        for name, sources, base in (("fix", drivers, 0.35), ("fix with agent", [*drivers, "--cloudbase-init", agent], 0.8)):
            undo()
            payload = committed(image, sources)
            old = os.path.getsize(undo_file) / 2**20
            undo()
            copied = os.path.join(scratch, "dd")
            dd = f"dd if=/dev/zero of={copied} bs=1M count={int(payload + old) + 1} conv=fsync; rm {copied}"
            disk = statistics.median(run(dd).wall for _ in range(3)) if "agent" in name else 0
            figure = TABLE.pair(f"{name}, {format}", [TOOL, "fix", image, *sources], goal=f"{base + disk:.2f} s, 150 MiB", seconds=base + disk, memory_limit=150, before=undo)
            TABLE.note(f"{name}, {format}: {payload:.1f} MiB changed, {old:.1f} MiB in the undo file; written to the host's disk: "
                       f"{statistics.median(r.written for r in figure.ours) / (payload + old):.2f} times that (goal: 1.10)")
        TABLE.pair(f"check of the finished machine, {format}", [TOOL, "check", image, *drivers], goal="0.15 s, 150 MiB", seconds=0.15, memory_limit=150)
        undo()
        os.remove(image)


def partition_start(raw):
    """Where the volume of Windows begins, bytes."""
    report = json.loads(subprocess.run([TOOL, "inspect", raw, "--json"], stdout=subprocess.PIPE, check=False).stdout)
    return next(p["offset"] for p in report["images"][0]["partitions"] if p.get("role") == "windows")


def by_script(raw, start, mount, scratch):
    """What a script does before it knows anything: the volume is mounted, and the two hives are copied out."""
    loop = f"losetup -f --show -r -o {start} '{raw}'"
    return (f"L=$({loop}) && ntfs-3g -o ro $L '{mount}' && cp '{mount}/Windows/System32/config/SYSTEM' '{mount}/Windows/System32/config/SOFTWARE' '{scratch}'; "
            f"umount '{mount}'; losetup -d $L"), "ntfs-3g"


def committed(image, sources):
    """MiB that a fix changes."""
    report = json.loads(subprocess.run([TOOL, "fix", image, *sources, "--json"], stdout=subprocess.PIPE, check=False).stdout)
    return report["images"][0]["changes"]["bytesWritten"] / 2**20


def merge_text(keys):
    lines = ["Windows Registry Editor Version 5.00", ""]
    for i in range(keys):
        lines += [f"[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\services\\bench{i}]", '"Start"=dword:00000003', f'"ImagePath"="system32\\\\drivers\\\\bench{i}.sys"', ""]
    return "\r\n".join(lines)


def bench_registry(scratch):
    source = os.path.join(CORPUS, "hives/win7-sp1-x86/SYSTEM.gz")
    if not os.path.exists(source):
        print("registry: no corpus, skipped")
        return
    small = os.path.join(scratch, "small")
    subprocess.run(f"zcat '{source}' > '{small}'", shell=True, check=True)
    big = os.path.join(scratch, "SYSTEM")
    shutil.copyfile(small, big)
    grow_hive(Maker(TOOL, FIXTURES, CORPUS, scratch), big, int(50 * SCALE))
    text = os.path.join(scratch, "merge.reg")
    with open(text, "w", encoding="utf-8", newline="") as file:
        file.write(merge_text(20))
    work = os.path.join(scratch, "work")

    def fresh():
        shutil.copyfile(big, work)
        os.sync()  # the copy is not part of what is timed, and a flush of ours would write it

    prefix = "HKEY_LOCAL_MACHINE\\SYSTEM"
    pair("registry: merge of 20 keys into 50 MB", [TOOL, "reg", "import", work, text], ["hivexregedit", "--merge", work, "--prefix", prefix, text], "hivexregedit", 0.4, fresh)
    pair("registry: merge of 20 keys into 50 MB (reged)", [TOOL, "reg", "import", work, text], f"reged -C -I '{work}' '{prefix}' '{text}'; true", "reged", 0.25, fresh)
    pair("registry: full walk", [TOOL, "reg", "check", big], ["hivexml", big], "hivexml", 0.4)
    out = os.path.join(scratch, "out.reg")
    pair("registry: export as .reg", [TOOL, "reg", "export", big, "-o", out], ["hivexregedit", "--export", big, "\\"], "hivexregedit", 0.1)


def bench_ntfs(scratch):
    files = int(os.environ.get("OFFLINEPATCH_BENCH_FILES", "5000"))
    tree = os.path.join(scratch, "tree")
    for i in range(files):
        folder = os.path.join(tree, f"d{i % 400:03}")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"file{i:06}.dat"), "wb") as file:
            file.write(struct.pack("<I", i) * 500)
    big = os.path.join(scratch, "big.bin")
    with open(big, "wb") as file:
        for i in range(512):
            file.write(os.urandom(1 << 20))
    blank = os.path.join(scratch, "blank.img")
    with open(blank, "wb") as file:
        file.truncate(4 << 30)
    subprocess.run(["mkntfs", "-F", "-Q", "-q", blank], check=True, env=dict(os.environ, PATH=PATH))
    work, mount = os.path.join(scratch, "work.img"), os.path.join(scratch, "mount")
    os.makedirs(mount)

    def fresh():
        subprocess.run(["cp", "--sparse=always", blank, work], check=True)

    def by_ntfs3g(source, target):
        return f"ntfs-3g '{work}' '{mount}' && cp -r '{source}' '{mount}/{target}'; umount '{mount}'"

    pair(f"ntfs: {files} files in 400 directories", [TOOL, "fs", "put", work, tree, "/"], by_ntfs3g(tree, ""), "ntfs-3g", 0.25, fresh)
    pair("ntfs: one file of 512 MiB", [TOOL, "fs", "put", work, big, "/"], by_ntfs3g(big, ""), "ntfs-3g", 1.0, fresh)
    fresh()
    run([TOOL, "fs", "put", work, tree, "/"])
    got = os.path.join(scratch, "got")

    def no_copy():
        shutil.rmtree(got, ignore_errors=True)
        os.makedirs(got)

    pair(f"ntfs: get of {files} files", [TOOL, "fs", "get", work, "/tree", got], f"ntfs-3g -o ro '{work}' '{mount}' && cp -r '{mount}/tree' '{got}/peer'; umount '{mount}'", "ntfs-3g", 1.5, no_copy)
    pair("ntfs: walk with metadata", [TOOL, "fs", "tree", work], f"ntfs-3g -o ro '{work}' '{mount}' && find '{mount}' -printf '%s %p\\n'; umount '{mount}'", "ntfs-3g", 0.2)
    os.remove(work)


def bench_walk(scratch):
    files = int(os.environ.get("OFFLINEPATCH_BENCH_WALK_FILES", "200000"))
    tree = os.path.join(scratch, "tree")
    for i in range(files):
        folder = os.path.join(tree, f"d{i % 400:03}", f"e{i // 400 % 10}")
        if i < 4000:
            os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"file{i:06}.dat"), "wb"):
            pass
    image, mount = os.path.join(scratch, "volume.img"), os.path.join(scratch, "mount")
    os.makedirs(mount)
    with open(image, "wb") as file:
        file.truncate(4 << 30)
    subprocess.run(["mkntfs", "-F", "-Q", "-q", image], check=True, env=dict(os.environ, PATH=PATH), stderr=subprocess.DEVNULL)
    run([TOOL, "fs", "put", image, tree, "/"])
    shutil.rmtree(tree)
    pair(f"ntfs: walk of {files} files with metadata", [TOOL, "fs", "tree", image],
         f"ntfs-3g -o ro '{image}' '{mount}' && find '{mount}' -printf '%s %T@ %p\\n'; umount '{mount}'", "ntfs-3g", 0.05, runs=2)


def bench_owners(scratch):
    """What the proof costs that free clusters are free: one small file into a volume of many files, and into an empty one."""
    files = int(os.environ.get("OFFLINEPATCH_BENCH_OWNER_FILES", "100000"))
    tree, small = os.path.join(scratch, "tree"), os.path.join(scratch, "small.bin")
    content = os.urandom(2000)  # more than a record holds: each file owns a cluster
    for i in range(files):
        folder = os.path.join(tree, f"d{i % 400:03}")
        if i < 400:
            os.makedirs(folder)
        with open(os.path.join(folder, f"file{i:06}.dat"), "wb") as file:
            file.write(content)
    with open(small, "wb") as file:
        file.write(content)
    puts = []
    for name, full in (("empty", False), ("full", True)):
        image = os.path.join(scratch, name + ".img")
        with open(image, "wb") as file:
            file.truncate(4 << 30)
        subprocess.run(["mkntfs", "-F", "-Q", "-q", image], check=True, env=dict(os.environ, PATH=PATH), stderr=subprocess.DEVNULL)
        if full:
            run([TOOL, "fs", "put", image, tree, "/", "--no-undo-keep"])
            shutil.rmtree(tree)
        puts.append([TOOL, "fs", "put", image, small, "/new.bin", "--no-undo-keep"])

    def fresh():
        for put in puts:  # one of the two has no such file
            subprocess.run([TOOL, "fs", "rm", put[3], "/new.bin", "--no-undo-keep"], check=False, capture_output=True)

    for put in puts:
        run(put)
    pair(f"owners: a file into a volume of {files} files, beside an empty one", puts[1], puts[0], TOOL, before=fresh)


def bench_convert(scratch):
    """A sparse disk of 40 GiB with much data, and with little."""
    for size in sorted({int(os.environ.get("OFFLINEPATCH_BENCH_CONVERT_MIB", "2048")), 1024}, reverse=True):
        folder = os.path.join(scratch, str(size))
        os.makedirs(folder)
        convert_all(folder, size)
        shutil.rmtree(folder)


def convert_all(scratch, size):
    raw = os.path.join(scratch, "disk.raw")
    with open(raw, "wb") as file:
        file.truncate(40 << 30)
        file.seek(446)
        file.write(bytes(64) + b"\x55\xaa")
        stride = 40960 // size  # MiB: spread over the whole disk
        for i in range(size):
            file.seek((i * stride) << 20)
            if i == 0:
                file.seek(1 << 20)
            half = os.urandom(1 << 19)
            file.write(half + (b"some text that compresses well " * 17000)[: 1 << 19])
    caches_file = "/proc/sys/vm/drop_caches"
    may_drop = os.access(caches_file, os.W_OK)

    # qemu-img does not wait for the medium unless it is asked; ours does, so the peer is followed by an fsync of its output. "Not flushed": the peer without it.
    def convert(source, source_format, target_format, title, options=(), qemu_options="", goal=0.5, flushed=True, cold=False):
        out = os.path.join(scratch, "out." + target_format)

        def fresh():
            if os.path.exists(out):
                os.remove(out)
            if cold:
                os.sync()
                with open(caches_file, "w", encoding="ascii") as caches:
                    caches.write("3")

        peer = f"qemu-img convert -f {source_format} -O {target_format} {qemu_options} '{source}' '{out}'" + (f" && sync '{out}'" if flushed else "")
        pair(f"convert: {title}, {size} MiB", [TOOL, "convert", source, "-o", out, "-O", target_format, *options], peer, "qemu-img", goal, fresh, runs=min(RUNS, 3))
        return out

    qcow2 = convert(raw, "raw", "qcow2", "RAW to QCOW2, not flushed", flushed=False)
    qcow2 = convert(raw, "raw", "qcow2", "RAW to QCOW2")
    if may_drop:
        qcow2 = convert(raw, "raw", "qcow2", "RAW to QCOW2, cold cache", cold=True)
    source = os.path.join(scratch, "source.qcow2")
    os.rename(qcow2, source)
    convert(source, "qcow2", "raw", "QCOW2 to RAW")
    if may_drop:
        convert(source, "qcow2", "raw", "QCOW2 to RAW, cold cache", cold=True)
    vmdk = convert(raw, "raw", "vmdk", "RAW to VMDK")
    source = os.path.join(scratch, "source.vmdk")
    os.rename(vmdk, source)
    convert(source, "vmdk", "raw", "VMDK to RAW")
    convert(source, "vmdk", "vhdx", "VMDK to VHDX")
    convert(raw, "raw", "vhdx", "RAW to VHDX")
    convert(raw, "raw", "vdi", "RAW to VDI")
    convert(source, "vmdk", "qcow2", "VMDK to QCOW2")
    convert(raw, "raw", "vmdk", "RAW to streamOptimized VMDK", ("--vmdk-subformat", "streamOptimized"), "-o subformat=streamOptimized", 0.15)
    convert(raw, "raw", "qcow2", "RAW to compressed QCOW2", ("--compress", "zlib"), "-c", 0.15)


def bench_batch(scratch):
    """Eight machines with real hives, drivers and an agent of the size of the real one: one image, then eight with one job and with two."""
    maker = Maker(TOOL, FIXTURES, CORPUS, scratch, SCALE)
    iso, root = maker.disc()
    agent = maker.agent()
    raw = maker.path("one.raw")
    run([FIXTURES, "machine", raw, "--windows", "win10", "--defect", "StaticAddress"])

    def measure(images, where):
        names = [os.path.join(images, f"m{i}.raw") for i in range(8)]

        def fresh(count):
            shutil.rmtree(images, ignore_errors=True)
            os.makedirs(images)
            for name in names[:count]:
                subprocess.run(["cp", "--sparse=always", raw, name], check=True)
            os.sync()

        def fix(jobs, paths):
            return [TOOL, "fix", *paths, "--drivers", iso, "--trust-root", root, "--cloudbase-init", agent, "--jobs", str(jobs), "-q"]

        halves = " & ".join(shlex.join(fix(1, half)) for half in (names[:4], names[4:])) + " & wait"
        TABLE.pair(f"batch{where}: 1 image, 1 job", fix(1, names[:1]), goal="150 MiB", memory_limit=150, before=lambda: fresh(1), runs=min(RUNS, 3))
        one = TABLE.pair(f"batch{where}: 8 images, 1 job", fix(1, names), goal="200 MiB", memory_limit=200, before=lambda: fresh(8), runs=min(RUNS, 3))
        two = TABLE.pair(f"batch{where}: 8 images, 2 jobs, beside two processes with 4 images each", fix(2, names), halves, TOOL, "300 MiB", memory_limit=300,
                         before=lambda: fresh(8), runs=min(RUNS, 3))
        each = statistics.median(r.cpu for r in one.ours) / 8
        written = statistics.median(r.written for r in one.ours) / 8
        apart = statistics.median(r.wall for r in two.peers)
        TABLE.note(f"batch{where}: two jobs are {one.wall / two.wall:.2f} times as fast as one, two processes {one.wall / apart:.2f} times (goal: 1.8 where the processors are the bound);"
                   f" an image costs {each:.2f} s of a processor and {written:.0f} MiB written")
        shutil.rmtree(images)

    TABLE.note(f"two processes that only count are {second_processor():.2f} times as fast as one after the other: what a second processor of this machine is worth")
    measure(os.path.join(scratch, "images"), "")
    # flushes of a disk are shared by all jobs; a file system in memory leaves only the processors
    memory = "/dev/shm"
    if os.path.isdir(memory) and shutil.disk_usage(memory).free > 4 << 30:
        with tempfile.TemporaryDirectory(prefix="offlinepatch-bench-", dir=memory) as folder:
            measure(os.path.join(folder, "images"), " in memory")
    else:
        TABLE.note("batch in memory: left out, /dev/shm has no 4 GiB")


def second_processor():
    """How many times faster two loops end at the same time than one after the other: 2 on two whole processors, less where they share one core."""
    loop = [sys.executable, "-c", "for i in range(20_000_000): pass"]

    def together(count):
        started = time.perf_counter()
        for process in [subprocess.Popen(loop) for _ in range(count)]:
            process.wait()
        return time.perf_counter() - started

    return statistics.median(2 * together(1) / together(2) for _ in range(5))


def bench_growth(scratch):
    """Time for each item while their number grows."""
    for line in growth.measure(TOOL, FIXTURES, scratch, int(os.environ.get("OFFLINEPATCH_BENCH_GROWTH", "1000000")), PATH):
        TABLE.note(line)


SECTIONS = {
    "start": bench_start, "machine": bench_machine, "batch": bench_batch, "registry": bench_registry, "ntfs": bench_ntfs, "walk": bench_walk, "owners": bench_owners,
    "convert": bench_convert, "growth": bench_growth,
}


def header():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        model = next((line.split(": ")[1].strip() for line in file if line.startswith("model name")), platform.processor())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, check=False, text=True).stdout.strip()
    return (f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, commit {commit}, {os.cpu_count()} × {model}, "
            f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 30} GiB of memory, load before {os.getloadavg()[0]:.1f}")


def main():
    words = sys.argv[1:]
    record = "--record" in words
    start = header()
    for name in [w for w in words if w != "--record"] or SECTIONS:
        folder = tempfile.mkdtemp(prefix="offlinepatch-bench-")
        try:
            SECTIONS[name](folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    end = f"{start}, after {os.getloadavg()[0]:.1f}"
    worse = [f for f in TABLE.figures if TABLE.is_worse(f)]
    missed = [f for f in TABLE.figures if f.misses_goal]
    text = [end, "", TABLE.markdown(), "", *(f"* {n}" for n in TABLE.notes), "", f"Goals missed: {', '.join(f.name for f in missed) or 'none'}.", ""]
    print("\n" + "\n".join(text))
    if record:
        ratios = {**TABLE.recorded, **{f.name: round(f.ratio, 3) for f in TABLE.figures if f.peers}}
        with open(RECORDED, "w", encoding="utf-8") as file:
            json.dump(ratios, file, indent=2, ensure_ascii=False)
            file.write("\n")
        write_results(text)
    elif worse:
        raise SystemExit("worse than recorded by more than 15 %: " + ", ".join(f"{f.name} ({f.ratio:.2f}, recorded {TABLE.recorded[f.name]:.2f})" for f in worse))


def write_results(text):
    """Replaces what was measured; what is said about it stays."""
    begin, end = "<!-- measured -->", "<!-- end of measured -->"
    with open(RESULTS, encoding="utf-8") as file:
        before, _, rest = file.read().partition(begin)
    with open(RESULTS, "w", encoding="utf-8") as file:
        file.write(before + begin + "\n" + "\n".join(text) + end + rest.partition(end)[2])


main()
