"""Runs the commands of README.md as they are written, in order, in one folder, and compares what they print with what stands there.

readme.py TOOL FIXTURES FOLDER [--write-report OUT.png]

A command is a line `$ …` in a block marked `console`; what follows is its output, and `[…]` stands for any lines. Numbers that vary (durations, sizes, times, versions of samples)
are masked on both sides. The drivers of the sample are signed by a sample root, so `check` and `fix` are given it by a wrapper on the PATH; programs of clouds (openstack, obsutil,
curl) are stand-ins that check what they are given. A test of this file: a word changed in a transcript of README makes it fail."""
import os
import re
import shutil
import subprocess
import sys

tool, fixtures, folder = sys.argv[1:4]
root = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
tool = os.path.abspath(tool)
fixtures = [os.path.abspath(word) if os.path.exists(word) else word for word in fixtures.split()]
folder = os.path.abspath(folder)
programs = os.path.join(folder, "programs")
work = os.path.join(folder, "work")
os.makedirs(programs)
os.makedirs(work)
environment = {
    "PATH": programs + os.pathsep + os.environ["PATH"], "HOME": folder, "COLUMNS": "110", "LC_ALL": "C.UTF-8", "OFFLINEPATCH_STATE": os.path.join(folder, "state"),
    "TOKEN": "token", "IMS": "https://ims.example.invalid", "STAND_INS": os.path.join(folder, "stand-ins.txt"), "DOTNET_ROOT": os.environ.get("DOTNET_ROOT", ""), "DOTNET_NOLOGO": "1",
}
environment = {k: v for k, v in environment.items() if v}


def script(name, text):
    path = os.path.join(programs, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o755)


script("offlinepatch", f"""#!/bin/sh
case $1 in check | fix | drivers) set -- "$@" --trust-root "{work}/sample-root.cer" ;; esac
exec "{tool}" "$@"
""")
STAND_IN = """#!/bin/sh
set -eu
echo "$(basename "$0") $*" >> "$STAND_INS"
"""
script("openstack", STAND_IN + """
[ "$1 $2" = "image create" ]
while [ $# -gt 0 ]; do
  case $1 in --file) head -c 4 "$2" | grep -q QFI ;; --min-disk) [ "$2" = "$(offlinepatch inspect ready/server.qcow2 --json | jq -r .images[0].inspection.registration.min_disk)" ] ;; esac
  shift
done
""")
script("obsutil", STAND_IN + """
[ "$1" = cp ] && [ -s "$2" ]
case $3 in obs://*/*) ;; *) exit 1 ;; esac
""")
script("curl", STAND_IN + """
for word; do last=$word; done
jq -e '.name and (.image_url | test("^[^: ]+:[^: ]+$")) and (.min_disk | type == "number") and (.os_version | startswith("Windows")) and (.hw_firmware_type | IN("bios", "uefi"))' "${last#@}" > /dev/null
""")


def run(*command):
    result = subprocess.run(command, cwd=work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(command)}: exit code {result.returncode}\n{result.stdout.decode(errors='replace')}")


def blocks():
    with open(os.path.join(root, "README.md"), encoding="utf-8") as file:
        text = file.read()
    for block in re.findall(r"```console\n(.*?)```", text, re.S):
        for part in re.split(r"(?m)^\$ ", block)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def masked(text):
    text = text.replace(work + "/", "")
    text = re.sub(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}Z", "TIME", text)
    text = re.sub(r"\(\d+ ms\)|\(\d+(\.\d+)? s\)", "(DURATION)", text)
    text = re.sub(r"\b\d+\.\d+\.\d+\.\d+\b(?!/)", "VERSION", text)
    text = re.sub(r"\b\d+(\.\d+)? (MiB|KiB|byte|file|registry|rule|ok|fixed|warning|info|not applicable)s?", r"N \2", text)
    return [line.rstrip() for line in text.strip("\n").split("\n")] if text.strip() else []


def matches(wanted, got):
    """Whether the lines are the same, where `[…]` stands for any number of lines."""
    if not wanted:
        return not got
    if wanted[0].strip() == "[…]":
        return any(matches(wanted[1:], got[i:]) for i in range(len(got) + 1))
    return bool(got) and wanted[0] == got[0] and matches(wanted[1:], got[1:])


run(*fixtures, "machine", "server.vmdk", "--windows", "win2019", "--defect", "StaticAddress", "--format", "vmdk", "--invented")
run(*fixtures, "drivers", "virtio")
if shutil.which("xorriso"):
    run("xorriso", "-as", "mkisofs", "-quiet", "-J", "-r", "-o", "virtio-win.iso", "virtio")
else:
    os.rename(os.path.join(work, "virtio"), os.path.join(work, "virtio-win.iso"))  # a folder serves, too
run(*fixtures, "sample-root", "sample-root.cer")
run(*fixtures, "cloudbase-init", "CloudbaseInitSetup_x64.zip")
os.mkdir(os.path.join(work, "exports"))
shutil.copyfile(os.path.join(work, "server.vmdk"), os.path.join(work, "exports/first.vmdk"))
run(*fixtures, "machine", "exports/second.vmdk", "--windows", "win2022", "--firmware", "Uefi", "--format", "vmdk", "--invented")

failed = count = 0
skipped = []
for command, output in blocks():
    if " jq " in command and not shutil.which("jq") or command.startswith("curl") and not shutil.which("jq"):
        skipped.append("jq is not installed")
        continue
    count += 1
    result = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    wanted, got = masked(output), masked(result.stdout)
    if result.returncode not in (0, 3) or not matches(wanted, got):
        failed += 1
        print(f"$ {command}\nexit code {result.returncode}\n--- README.md\n" + "\n".join(wanted) + "\n--- now\n" + "\n".join(got))
with open(os.path.join(root, "fixtures/demo.sh"), encoding="utf-8") as file:
    demo = file.read()
for command, _ in list(blocks())[:3]:
    if command.replace("offlinepatch ", "run ", 1) not in demo:
        failed += 1
        print(f"fixtures/demo.sh does not show: {command}")
if count == 0:
    sys.exit("README.md has no commands")
if "--write-report" in sys.argv:
    out = os.path.abspath(sys.argv[sys.argv.index("--write-report") + 1])
    subprocess.run(["bash", "-c", "offlinepatch fix server.vmdk --drivers virtio-win.iso --cloudbase-init CloudbaseInitSetup_x64.zip --report report.html -q"], cwd=work, env=environment, check=True)
    browser = next((b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), None) or sys.exit("no browser is installed")
    run(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile", "--disable-background-networking", "--proxy-server=127.0.0.1:9",
        "--window-size=900,640", f"--screenshot={out}", f"file://{work}/report.html")
print("\n".join(f"skipped: {s}" for s in sorted(set(skipped))) + ("\n" if skipped else "") + f"README.md: {count} commands run as written, {failed} failed")
sys.exit(1 if failed else 0)
