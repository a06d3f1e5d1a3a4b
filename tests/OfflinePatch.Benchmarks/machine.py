"""The machine that is measured: a UEFI Windows Server 2022 on a sparse disk of 40 GiB with many files and large hives, a disc with drivers, an agent.

All content is made from a fixed seed: two runs measure the same bytes.
"""
import os
import random
import shutil
import subprocess
import zipfile

MIB = 1 << 20
HIVES = {"SYSTEM": 20, "SOFTWARE": 80, "COMPONENTS": 50}  # MiB


class Maker:
    def __init__(self, tool, fixtures, corpus, folder, scale=1.0):
        self.tool, self.fixtures, self.corpus, self.folder, self.scale = tool, fixtures, corpus, folder, scale

    def run(self, *command):
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode not in (0, 3):
            raise SystemExit(f"{command}: exit code {done.returncode}\n{done.stderr.decode(errors='replace')}")

    def path(self, name):
        return os.path.join(self.folder, name)

    def machine(self):
        """The disk as RAW. 150,000 files: every second one small enough for its record, the others with clusters of their own."""
        raw = self.path("machine.raw")
        self.run(self.fixtures, "machine", raw, "--windows", "win2022", "--firmware", "uefi", "--defect", "StaticAddress")
        tree = self.path("WinSxS")
        noise = random.Random(1)
        for i in range(int(150_000 * self.scale)):
            folder = os.path.join(tree, f"amd64_component-{i // 12:05}_31bf3856ad364e35_10.0.20348.1_none")
            if i % 12 == 0:
                os.makedirs(folder)
            with open(os.path.join(folder, f"file{i:06}.dll"), "wb") as file:
                file.write(noise.randbytes(300 if i % 2 else 5000))
        self.run(self.tool, "fs", "put", raw, tree, "/Windows", "--no-undo-keep")
        shutil.rmtree(tree)
        for name, size in HIVES.items():
            self.run(self.tool, "fs", "put", raw, self.hive(raw, name, int(size * self.scale)), f"/Windows/System32/config/{name}", "--no-undo-keep")
        return raw

    def hive(self, raw, name, size):
        """The hive of the machine with subtrees of a real one in it, until it has the size."""
        target = self.path(name)
        if name in ("SYSTEM", "SOFTWARE"):
            self.run(self.tool, "fs", "get", raw, f"/Windows/System32/config/{name}", target)
        else:
            shutil.copyfile(self.path("SYSTEM"), target)
        grow_hive(self, target, size)
        return target

    def real_subtree(self):
        """Real keys as text, from the corpus; without one, keys like those of drivers."""
        text = self.path("subtree.reg")
        if not os.path.exists(text):
            source = os.path.join(self.corpus, "hives/win7-sp1-x86/SYSTEM.gz")
            if os.path.exists(source):
                subprocess.run(f"zcat '{source}' > '{self.path('source')}'", shell=True, check=True)
                self.run(self.tool, "reg", "export", self.path("source"), "ControlSet001\\Control", "-o", text)
            else:
                lines = ["Windows Registry Editor Version 5.00", ""]
                for i in range(20_000):
                    lines += [f"[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Control\\Class{i // 100}\\{i:04}]", f'"Description"="Device number {i}"', '"Flags"=dword:00000001', ""]
                with open(text, "wb") as file:
                    file.write("\r\n".join(lines).encode("utf-16"))
        with open(text, "rb") as file:
            return file.read().decode("utf-16")

    def disc(self):
        """Driver packages, and beside them what a disc has that is no package, up to 200 MiB."""
        tree, iso = self.path("disc"), self.path("drivers.iso")
        self.run(self.fixtures, "drivers", tree)
        noise = random.Random(2)
        os.makedirs(os.path.join(tree, "data"))
        for i in range(int(190 * self.scale)):
            with open(os.path.join(tree, "data", f"symbols{i:03}.pdb"), "wb") as file:
                file.write(noise.randbytes(MIB))
        subprocess.run(["genisoimage", "-quiet", "-J", "-R", "-joliet-long", "-o", iso, tree], check=True, stderr=subprocess.DEVNULL)
        shutil.rmtree(tree)
        self.run(self.fixtures, "sample-root", self.path("root.cer"))
        return iso, self.path("root.cer")

    def agent(self):
        """Cloudbase-Init of 100 MB in 5,000 files, half of it compressible."""
        small, agent = self.path("small.zip"), self.path("agent.zip")
        self.run(self.fixtures, "cloudbase-init", small)
        noise = random.Random(3)
        count = int(4700 * self.scale)
        with zipfile.ZipFile(small) as source, zipfile.ZipFile(agent, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
            for entry in source.infolist():
                target.writestr(entry, source.read(entry))
            for i in range(count):
                half = noise.choice([500, 3000, 8000, 16000, 26000])
                target.writestr(f"Python/Lib/site-packages/p{i % 60}/m{i}.py", noise.randbytes(half) + b"x" * half)
        return agent


def grow_hive(maker, target, size):
    body, text = maker.real_subtree(), maker.path("grow.reg")
    for i in range(256):
        if os.path.getsize(target) >= size * MIB:
            return
        with open(text, "wb") as file:
            file.write(body.replace("ControlSet001\\Control", f"Bench{i}\\Control").encode("utf-16"))
        maker.run(maker.tool, "reg", "import", target, text, "--no-undo-keep")
