"""Times whole processes: ours and a peer's in turn, A B A B, after one warm-up each. Prints medians, peak memory, and the ratio pair by pair.

usage: compare.py [SECTION...]     sections: start fix drivers registry ntfs walk owners convert batch (default: all)
"""
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.getcwd()
TOOL = os.path.join(ROOT, "bin", "offlinepatch")
FIXTURES = os.path.join(ROOT, "fixtures/OfflinePatch.Fixtures/bin/Release/net10.0/offlinepatch-fixtures")
CORPUS = os.environ.get("OFFLINEPATCH_CORPUS", os.path.join(ROOT, "../shared/corpus"))
RUNS = int(os.environ.get("OFFLINEPATCH_BENCH_RUNS", "5"))


def run(command, cwd=None):
    """Wall seconds and peak memory (MiB) of a command, from start to reaped."""
    started = time.perf_counter()
    process = subprocess.Popen(command, shell=isinstance(command, str), cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        raise SystemExit(f"{command}: exit code {process.returncode}\n{error.decode(errors='replace')}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def pair(title, ours, peer, peer_name, goal=None, before=None, runs=RUNS):
    """Ours against a peer: the median of the ratios of pairs."""
    if peer is not None and not shutil.which(peer_name, path=os.environ["PATH"] + ":/usr/sbin"):
        print(f"{title}: {peer_name} is not installed, skipped")
        return
    ratios, mine, theirs, memory = [], [], [], []
    for i in range(runs + 1):
        if before:
            before()
        a, peak = run(ours)
        if peer is None:
            b = float("nan")
        else:
            if before:
                before()
            b, _ = run(peer)
        if i > 0:
            mine.append(a)
            theirs.append(b)
            memory.append(peak)
            ratios.append(a / b)
    text = f"{title}: {statistics.median(mine) * 1000:.0f} ms, {max(memory):.0f} MiB"
    if peer is not None:
        text += f"; {peer_name} {statistics.median(theirs) * 1000:.0f} ms; ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        if goal:
            text += f", goal {goal}"
    print(text, flush=True)


def bench_start(scratch):
    pair("start-up (--version)", [TOOL, "--version"], None, "")


def bench_fix(scratch):
    raw = os.path.join(scratch, "machine.raw")
    run([FIXTURES, "machine", raw, "--windows", "win2019", "--defect", "StaticAddress"])
    run([FIXTURES, "drivers", os.path.join(scratch, "disc")])
    run([FIXTURES, "cloudbase-init", os.path.join(scratch, "agent.zip"), "--files", "3000"])
    command = [TOOL, "fix", raw, "--drivers", os.path.join(scratch, "disc"), "--cloudbase-init", os.path.join(scratch, "agent.zip")]

    def undo():
        if os.path.exists(raw + ".offlinepatch-undo"):
            run([TOOL, "undo", raw])

    pair("fix: a whole machine with an agent of 3,000 files", command, None, "", before=undo)
    undo()
    pair("check", [TOOL, "check", raw], None, "")
    os.remove(raw)


def bench_drivers(scratch):
    """Thirteen packages (VirtIO and Xen PV) into a machine: the run with them, less the same run that finds nothing to stage."""
    raw = os.path.join(scratch, "drivers.raw")
    run([FIXTURES, "machine", raw, "--windows", "win2019"])
    virtio, xen = os.path.join(scratch, "virtio"), os.path.join(scratch, "xen")
    run([FIXTURES, "drivers", virtio])
    run([FIXTURES, "xen-drivers", xen])
    stage = [TOOL, "fix", raw, "--only", "drivers.*", "--drivers", virtio, "--drivers", xen]
    idle = [TOOL, "fix", raw, "--only", "drivers.leftovers"]

    def undo():
        if os.path.exists(raw + ".offlinepatch-undo"):
            run([TOOL, "undo", raw])

    whole, rest, memory = [], [], []
    for i in range(RUNS + 1):
        undo()
        b, _ = run(idle)
        a, peak = run(stage)
        if i > 0:
            whole.append(a)
            rest.append(b)
            memory.append(peak)
    undo()
    staged = len(os.listdir(virtio)) + len(os.listdir(xen))
    cost = statistics.median(a - b for a, b in zip(whole, rest))
    print(f"drivers: {staged} packages of a disc with {sum(1 for _, _, f in os.walk(virtio) for n in f if n.endswith('.inf'))} staged in {cost * 1000:.0f} ms of a run of "
          f"{statistics.median(whole) * 1000:.0f} ms, {max(memory):.0f} MiB, goal 300 ms", flush=True)
    os.remove(raw)


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
    grow_hive(small, big, 50 << 20, scratch)
    text = os.path.join(scratch, "merge.reg")
    with open(text, "w", encoding="utf-8", newline="") as file:
        file.write(merge_text(20))
    work = os.path.join(scratch, "work")

    def fresh():
        shutil.copyfile(big, work)
        os.sync()  # the copy is not part of what is timed, and a flush of ours would write it

    prefix = "HKEY_LOCAL_MACHINE\\SYSTEM"
    pair("registry: merge of 20 keys into 50 MB", [TOOL, "reg", "import", work, text], ["hivexregedit", "--merge", work, "--prefix", prefix, text], "hivexregedit", "0.6", fresh)
    pair("registry: merge of 20 keys into 50 MB", [TOOL, "reg", "import", work, text], f"reged -C -I '{work}' '{prefix}' '{text}'; true", "reged", "0.6", fresh)
    pair("registry: full walk", [TOOL, "reg", "check", big], ["hivexml", big], "hivexml", "0.4")
    out = os.path.join(scratch, "out.reg")
    pair("registry: export as .reg", [TOOL, "reg", "export", big, "-o", out], ["hivexregedit", "--export", big, "\\"], "hivexregedit", "0.1")


def grow_hive(source, target, size, scratch):
    """A hive of the wanted size: subtrees of the source, imported again under new names until it is large enough."""
    shutil.copyfile(source, target)
    text = os.path.join(scratch, "grow.reg")
    run([TOOL, "reg", "export", source, "ControlSet001\\Control", "-o", text])
    with open(text, "rb") as file:
        body = file.read().decode("utf-16")
    for i in range(64):
        if os.path.getsize(target) >= size:
            break
        with open(text + "2", "wb") as file:
            file.write(body.replace("ControlSet001\\Control", f"Bench{i}\\Control").encode("utf-16"))
        run([TOOL, "reg", "import", target, text + "2"])


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
    subprocess.run(["mkntfs", "-F", "-Q", "-q", blank], check=True, env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin"))
    work, mount = os.path.join(scratch, "work.img"), os.path.join(scratch, "mount")
    os.makedirs(mount)

    def fresh():
        subprocess.run(["cp", "--sparse=always", blank, work], check=True)

    def by_ntfs3g(source, target):
        return f"ntfs-3g '{work}' '{mount}' && cp -r '{source}' '{mount}/{target}'; umount '{mount}'"

    pair(f"ntfs: {files} files in 400 directories", [TOOL, "fs", "put", work, tree, "/"], by_ntfs3g(tree, ""), "ntfs-3g", "0.33", fresh)
    pair("ntfs: one file of 512 MiB", [TOOL, "fs", "put", work, big, "/"], by_ntfs3g(big, ""), "ntfs-3g", "1.0", fresh)
    fresh()
    run([TOOL, "fs", "put", work, tree, "/"])
    pair("ntfs: walk with metadata", [TOOL, "fs", "tree", work], f"ntfs-3g -o ro '{work}' '{mount}' && find '{mount}' -printf '%s %p\\n'; umount '{mount}'", "ntfs-3g", "0.2")
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
    subprocess.run(["mkntfs", "-F", "-Q", "-q", image], check=True, env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin"), stderr=subprocess.DEVNULL)
    run([TOOL, "fs", "put", image, tree, "/"])
    shutil.rmtree(tree)
    pair(f"ntfs: walk of {files} files with metadata", [TOOL, "fs", "tree", image],
         f"ntfs-3g -o ro '{image}' '{mount}' && find '{mount}' -printf '%s %T@ %p\\n'; umount '{mount}'", "ntfs-3g", "0.2", runs=2)


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
    medians = []
    for name, put in (("empty", False), ("full", True)):
        image = os.path.join(scratch, name + ".img")
        with open(image, "wb") as file:
            file.truncate(4 << 30)
        subprocess.run(["mkntfs", "-F", "-Q", "-q", image], check=True, env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin"), stderr=subprocess.DEVNULL)
        if put:
            run([TOOL, "fs", "put", image, tree, "/", "--no-undo-keep"])
            shutil.rmtree(tree)
        times = []
        for i in range(RUNS + 1):
            times.append(run([TOOL, "fs", "put", image, small, f"/new{i}.bin", "--no-undo-keep"])[0])
        medians.append(statistics.median(times[1:]))
    print(f"owners: a file into a volume of {files} files {medians[1] * 1000:.0f} ms, into an empty one {medians[0] * 1000:.0f} ms: "
          f"{(medians[1] - medians[0]) * 1000:.0f} ms for the map of owners and the check of what was touched", flush=True)


def bench_convert(scratch):
    size = int(os.environ.get("OFFLINEPATCH_BENCH_CONVERT_MIB", "6144"))
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
    qemu = {"qcow2": "qcow2", "vmdk": "vmdk", "vhdx": "vhdx"}

    def convert(source, source_format, target_format, title, options=(), qemu_options=(), goal="1.0"):
        out = os.path.join(scratch, "out." + target_format)

        def fresh():
            if os.path.exists(out):
                os.remove(out)

        pair(f"convert: {title}", [TOOL, "convert", source, "-o", out, "-O", target_format, *options],
             ["qemu-img", "convert", "-f", source_format, "-O", qemu.get(target_format, target_format), *qemu_options, source, out], "qemu-img", goal, fresh, runs=min(RUNS, 2))
        return out

    qcow2 = convert(raw, "raw", "qcow2", "RAW to QCOW2")
    source = os.path.join(scratch, "source.qcow2")
    os.rename(qcow2, source)
    convert(source, "qcow2", "raw", "QCOW2 to RAW")
    vmdk = convert(raw, "raw", "vmdk", "RAW to VMDK")
    source = os.path.join(scratch, "source.vmdk")
    os.rename(vmdk, source)
    convert(source, "vmdk", "raw", "VMDK to RAW")
    convert(source, "vmdk", "vhdx", "VMDK to VHDX")
    convert(source, "vmdk", "qcow2", "VMDK to QCOW2")
    convert(raw, "raw", "vmdk", "RAW to streamOptimized VMDK", ("--vmdk-subformat", "streamOptimized"), ("-o", "subformat=streamOptimized"), "0.7")
    convert(raw, "raw", "qcow2", "RAW to compressed QCOW2", ("--compress", "zlib"), ("-c",), "0.7")


def bench_batch(scratch):
    """Eight machines with drivers and an agent of the size of the real one: one job, then two. Peak memory of each, and how much faster two are."""
    import random
    import zipfile

    raw, drivers, root, small, agent = (os.path.join(scratch, n) for n in ("one.raw", "drivers", "root.cer", "small.zip", "agent.zip"))
    run([FIXTURES, "machine", raw, "--windows", "win10", "--defect", "StaticAddress"])
    run([FIXTURES, "drivers", drivers])
    run([FIXTURES, "sample-root", root])
    run([FIXTURES, "cloudbase-init", small])
    noise = random.Random(1)
    with zipfile.ZipFile(small) as source, zipfile.ZipFile(agent, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for entry in source.infolist():
            target.writestr(entry, source.read(entry))
        for i in range(4200):
            half = noise.choice([1000, 4000, 10000, 20000, 30000])
            target.writestr(f"Python/Lib/site-packages/p{i % 60}/m{i}.py", noise.randbytes(half) + b"x" * half)
    images = os.path.join(scratch, "images")
    times = {}
    for jobs, count in ((1, 1), (1, 8), (2, 8)):
        shutil.rmtree(images, ignore_errors=True)
        os.makedirs(images)
        for i in range(count):
            subprocess.run(["cp", "--sparse=always", raw, os.path.join(images, f"m{i}.raw")], check=True)
        seconds, peak = run([TOOL, "fix", images, "--drivers", drivers, "--trust-root", root, "--cloudbase-init", agent, "--jobs", str(jobs), "-q"])
        times[jobs, count] = seconds
        print(f"batch: {count} image(s), {jobs} job(s): {seconds:.1f} s, {peak:.0f} MiB (goal: 200 MiB for one job, 100 MiB for each further one)", flush=True)
    print(f"batch: two jobs are {times[1, 8] / times[2, 8]:.2f} times as fast as one, goal 1.8 on two free processors", flush=True)


SECTIONS = {"batch": bench_batch, "start": bench_start, "fix": bench_fix, "drivers": bench_drivers, "registry": bench_registry, "ntfs": bench_ntfs, "walk": bench_walk, "owners": bench_owners, "convert": bench_convert}

for name in sys.argv[1:] or SECTIONS:
    folder = tempfile.mkdtemp(prefix="offlinepatch-bench-")
    try:
        SECTIONS[name](folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
