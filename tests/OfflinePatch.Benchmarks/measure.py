"""Times whole processes, ours and a peer's in turn: wall and processor time, peak memory, bytes that ours read and wrote."""
import os
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass, field

RUNS = int(os.environ.get("OFFLINEPATCH_BENCH_RUNS", "5"))
WORSE = 1.15  # a ratio that is worse than the recorded one by more than 15 % is a failure
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


@dataclass
class Run:
    wall: float
    cpu: float
    peak: float  # MiB
    read: float  # MiB that the process asked its host for, of the page cache too
    written: float  # MiB that it made the host write to a disk


def run(command):
    """A command from start to reaped. A shell's peers are in its processor time, not in its bytes."""
    started = time.perf_counter()
    process = subprocess.Popen(command, shell=isinstance(command, str), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(os.environ, PATH=PATH))
    error = process.stderr.read()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    wall = time.perf_counter() - started
    counted = transfers(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        raise SystemExit(f"{command}: exit code {process.returncode}\n{error.decode(errors='replace')}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, counted[0], counted[1])


def transfers(pid):
    """What a process that has ended and was not reaped read (by system calls) and wrote (to a disk, less what was deleted before), MiB."""
    try:
        with open(f"/proc/{pid}/io", encoding="ascii") as file:
            values = dict(line.split(": ") for line in file.read().splitlines())
        return int(values["rchar"]) / 2**20, (int(values["write_bytes"]) - int(values["cancelled_write_bytes"])) / 2**20
    except OSError:
        return float("nan"), float("nan")


@dataclass
class Figure:
    """One row of the table."""
    name: str
    ours: list = field(default_factory=list)
    peers: list = field(default_factory=list)
    peer: str = ""
    goal: str = ""
    limit: float = float("inf")  # of the ratio
    seconds: float = float("inf")  # of the time
    memory_limit: float = float("inf")  # MiB

    @property
    def wall(self):
        return statistics.median(r.wall for r in self.ours)

    @property
    def ratio(self):
        return statistics.median(a.wall / b.wall for a, b in zip(self.ours, self.peers)) if self.peers else float("nan")

    @property
    def cpu_ratio(self):
        pairs = [a.cpu / b.cpu for a, b in zip(self.ours, self.peers) if b.cpu > 0]
        return statistics.median(pairs) if pairs else float("nan")

    @property
    def peak(self):
        return max(r.peak for r in self.ours)

    def cells(self, recorded):
        def number(value, form):
            return "" if value != value else format(value, form)

        return [
            self.name, f"{self.wall * 1000:.0f} ms", f"{statistics.median(r.cpu for r in self.ours) * 1000:.0f} ms",
            f"{os.path.basename(self.peer)} {statistics.median(r.wall for r in self.peers) * 1000:.0f} ms" if self.peers else "",
            number(self.ratio, ".2f"), number(self.cpu_ratio, ".2f"), number(recorded if recorded is not None else float("nan"), ".2f"), self.goal,
            f"{self.peak:.0f} MiB", number(statistics.median(r.read for r in self.ours), ".1f"), number(statistics.median(r.written for r in self.ours), ".1f"),
        ]

    @property
    def misses_goal(self):
        return self.ratio > self.limit or self.wall > self.seconds or self.peak > self.memory_limit


HEADINGS = ["what", "time", "CPU", "peer", "ratio", "CPU ratio", "recorded", "goal", "peak", "read MiB", "written MiB"]


class Table:
    """Measures, keeps and judges. What was recorded: {name: ratio}."""

    def __init__(self, recorded):
        self.recorded = recorded
        self.figures = []
        self.notes = []

    def pair(self, name, ours, peer=None, peer_name="", goal="", limit=float("inf"), seconds=float("inf"), memory_limit=float("inf"), before=None, runs=RUNS):
        """A B A B, after one warm-up each. One that seems worse than recorded is measured again: a machine has other things to do, too."""
        if peer is not None and not shutil.which(peer_name, path=PATH):
            self.note(f"{name}: {peer_name} is not installed, skipped")
            return None
        figure = Figure(name, peer=peer_name, goal=goal, limit=limit, seconds=seconds, memory_limit=memory_limit)
        for attempt in range(2):
            self.measure(figure, ours, peer, before, runs, warm_up=attempt == 0)
            if not self.is_worse(figure):
                break
        self.figures.append(figure)
        print("  ".join(c for c in figure.cells(self.recorded.get(name)) if c), flush=True)
        return figure

    @staticmethod
    def measure(figure, ours, peer, before, runs, warm_up):
        for i in range(runs + warm_up):
            if before:
                before()
            mine = run(ours)
            theirs = None
            if peer is not None:
                if before:
                    before()
                theirs = run(peer)
            if i >= warm_up:
                figure.ours.append(mine)
                if theirs:
                    figure.peers.append(theirs)

    def is_worse(self, figure):
        recorded = self.recorded.get(figure.name)
        return bool(figure.peers) and recorded is not None and figure.ratio > recorded * WORSE

    def note(self, text):
        self.notes.append(text)
        print(text, flush=True)

    def markdown(self):
        rows = [HEADINGS, ["---"] * len(HEADINGS)] + [f.cells(self.recorded.get(f.name)) for f in self.figures]
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)
