"""Judges artifacts/dist: SHA256SUMS, what each archive holds, that each program is of the system and processor that the name says (and signed, where macOS on Arm demands it), the bill of materials."""
import glob
import hashlib
import json
import os
import re
import struct
import sys
import tarfile
import zipfile

os.chdir(os.path.join(os.path.dirname(__file__), "../../artifacts/dist"))


def fail(text):
    sys.exit("artifacts/dist: " + text)


def system_of(program):
    """What a program runs on, from its own header."""
    if program[:4] == b"\x7fELF":
        return {62: "linux-x64", 183: "linux-arm64"}.get(struct.unpack_from("<H", program, 18)[0])
    if program[:2] == b"MZ":
        return {0x8664: "win-x64"}.get(struct.unpack_from("<H", program, struct.unpack_from("<I", program, 0x3C)[0] + 4)[0])
    if program[:4] == b"\xcf\xfa\xed\xfe":
        system = {0x01000007: "osx-x64", 0x0100000C: "osx-arm64"}.get(struct.unpack_from("<I", program, 4)[0])
        offset = 32
        commands = []
        for _ in range(struct.unpack_from("<I", program, 16)[0]):
            command, size = struct.unpack_from("<II", program, offset)
            commands.append(command)
            offset += size
        if system == "osx-arm64" and 0x1D not in commands:
            fail("the program for macOS on Arm has no code signature; the system does not start it")
        return system
    return None


with open("SHA256SUMS", encoding="utf-8") as file:
    sums = dict(reversed(line.split(None, 1)) for line in file.read().splitlines())
files = sorted(f for f in os.listdir(".") if f != "SHA256SUMS")
if sorted(sums) != files:
    fail(f"SHA256SUMS lists {sorted(sums)}, there are {files}")
for name, wanted in sums.items():
    with open(name, "rb") as file:
        if hashlib.sha256(file.read()).hexdigest() != wanted:
            fail(f"{name}: another checksum")
archives = sorted(glob.glob("*.tar.gz") + glob.glob("*.zip"))
for archive in archives:
    folder, rid = re.fullmatch(r"(offlinepatch-.*?-((?:linux|win|osx)-(?:x64|arm64)))\.(?:tar\.gz|zip)", archive).groups()
    if archive.endswith(".zip"):
        with zipfile.ZipFile(archive) as packed:
            content = {n: packed.read(n) for n in packed.namelist()}
            executable = {n for n in content if packed.getinfo(n).external_attr >> 16 & 0o111}
    else:
        with tarfile.open(archive) as packed:
            content = {m.name: packed.extractfile(m).read() for m in packed if m.isfile()}
            executable = {m.name for m in packed if m.isfile() and m.mode & 0o111}
    program = f"{folder}/offlinepatch" + (".exe" if rid.startswith("win") else "")
    wanted = [program] + [f"{folder}/{n}" for n in (
        "LICENSE", "README.md", "CHANGELOG.md", "THIRD-PARTY-NOTICES.txt", "man/offlinepatch.1", "man/offlinepatch-fix.1", "completion/offlinepatch.bash", "completion/offlinepatch.zsh",
        "completion/offlinepatch.fish", "completion/offlinepatch.powershell")]
    missing = [w for w in wanted if not content.get(w)]
    if missing:
        fail(f"{archive} lacks {missing}")
    if system_of(content[program]) != rid:
        fail(f"{archive}: the program is for {system_of(content[program])}")
    if not rid.startswith("win") and program not in executable:
        fail(f"{archive}: the program is not executable")
    print(f"  {archive}: {len(content)} files, {os.path.getsize(archive) >> 20} MiB")
    notices = content[f"{folder}/THIRD-PARTY-NOTICES.txt"].decode()
with open(glob.glob("*.cdx.json")[0], encoding="utf-8") as file:
    bom = json.load(file)
for component in bom["components"]:
    if f"\n{component['name']} {component['version']}\n" not in notices:
        fail(f"{component['name']} {component['version']} of the bill of materials has no notice")
    if not component.get("licenses"):
        fail(f"{component['name']} has no licence in the bill of materials")
if not bom["components"] or not archives:
    fail("nothing in it")
print(f"  bill of materials: CycloneDX {bom['specVersion']}, {', '.join(c['name'] for c in bom['components'])}")
