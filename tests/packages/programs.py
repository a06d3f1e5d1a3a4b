"""Compiles each program of the documents in a project that refers to one package, runs it where its input lies, and compares what it prints and what it left."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

work = os.path.abspath(sys.argv[1])
root = os.getcwd()
feed = os.path.join(work, "feed")
fixtures = os.path.join(root, "fixtures/OfflinePatch.Fixtures/bin/Release/net10.0/offlinepatch-fixtures.dll")
tool = os.path.join(root, "src/OfflinePatch.Cli/bin/Release/net10.0/offlinepatch.dll")
cache = os.environ.get("NUGET_PACKAGES", os.path.expanduser("~/.nuget/packages"))
environment = {**os.environ, "NUGET_PACKAGES": os.path.join(work, "packages"), "OFFLINEPATCH_STATE": os.path.join(work, "state"), "DOTNET_NOLOGO": "1"}


def run(*command, where=work, expect=0):
    result = subprocess.run(command, cwd=where, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != expect:
        sys.exit(f"{' '.join(command)}: exit code {result.returncode}\n{result.stdout}")
    return result.stdout


def program(document, heading=None):
    """The first C# block of a document, after a heading."""
    with open(os.path.join(root, document), encoding="utf-8") as file:
        text = file.read()
    if heading:
        text = text[text.index(heading):]
    return re.search(r"```csharp\n(.*?)```", text, re.S).group(1)


def offlinepatch(*arguments, **options):
    return run("dotnet", tool, *arguments, **options)


def compile_and_run(name, package, code, arguments=()):
    folder = os.path.join(work, name)
    os.makedirs(folder)
    with open(os.path.join(folder, "Program.cs"), "w", encoding="utf-8") as file:
        file.write(code)
    with open(os.path.join(folder, f"{name}.csproj"), "w", encoding="utf-8") as file:
        file.write(f"""<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="{package}" Version="{versions[package]}" />
  </ItemGroup>
</Project>
""")
    run("dotnet", "build", folder, "-c", "Release", "-o", os.path.join(folder, "out"), "--nologo", "-v", "quiet")
    return run("dotnet", os.path.join(folder, "out", f"{name}.dll"), *arguments, where=data)


def require(name, output, pattern):
    if not re.fullmatch(pattern, output.strip(), re.S):
        sys.exit(f"{name} printed\n{output}\nwanted\n{pattern}")
    print(f"  {name}")


versions = {}
for path in glob.glob(os.path.join(feed, "*.nupkg")):
    name, version = re.fullmatch(r"(.*?)\.(\d+\.\d+\.\d+.*)\.nupkg", os.path.basename(path)).groups()
    versions[name] = version
expected = {"OfflinePatch"} | {f"OfflinePatch.{n}" for n in ("Core", "Disks", "FileSystems", "Ntfs", "Registry", "Drivers", "Windows")}
if set(versions) != expected:
    sys.exit(f"packed {sorted(versions)}, wanted {sorted(expected)}")

for name, version in versions.items():
    with zipfile.ZipFile(os.path.join(feed, f"{name}.{version}.nupkg")) as package:
        names = package.namelist()
        nuspec = package.read(f"{name}.nuspec").decode("utf-8-sig")
    wanted = ["README.md"] + ([f"lib/net10.0/{name}.dll", f"lib/net10.0/{name}.xml"] if name != "OfflinePatch" else ["tools/net10.0/any/offlinepatch.dll", "tools/net10.0/any/DotnetToolSettings.xml", "THIRD-PARTY-NOTICES.txt"])
    missing = [w for w in wanted if w not in names] + [w for w in ('<license type="expression">MIT', "<readme>README.md", "<description>") if w not in nuspec]
    if missing:
        sys.exit(f"{name} lacks {missing}: {names}")
    if name != "OfflinePatch":
        with zipfile.ZipFile(os.path.join(feed, f"{name}.{version}.snupkg")) as symbols:
            if f"lib/net10.0/{name}.pdb" not in symbols.namelist():
                sys.exit(f"{name} has no symbols")

with open(os.path.join(work, "nuget.config"), "w", encoding="utf-8") as file:
    file.write(f"""<configuration>
  <packageSources><add key="feed" value="{feed}" /></packageSources>
  <fallbackPackageFolders><clear /><add key="cache" value="{cache}" /></fallbackPackageFolders>
  <packageSourceMapping><packageSource key="feed"><package pattern="OfflinePatch*" /></packageSource><packageSource key="nuget.org"><package pattern="*" /></packageSource></packageSourceMapping>
</configuration>
""")

data = os.path.join(work, "data")
os.mkdir(data)
for command in (["machine", "original.raw", "--invented", "--defect", "StaticAddress"], ["drivers", "virtio"], ["sample-root", "sample-root.cer"], ["cloudbase-init", "cloudbase-init.zip"]):
    run("dotnet", fixtures, *command, where=data)
offlinepatch("convert", "original.raw", "server.vmdk", where=data)
offlinepatch("fs", "get", "original.raw", "Windows/System32/config/SYSTEM", ".", where=data)
for name in ("SYSTEM.LOG1", "SYSTEM.LOG2"):
    found = subprocess.run(["dotnet", tool, "fs", "get", "original.raw", f"Windows/System32/config/{name}", "."], cwd=data, env=environment, capture_output=True, check=False)
    if found.returncode:
        open(os.path.join(data, name), "wb").close()
partition = json.loads(offlinepatch("inspect", "original.raw", "--json", where=data))["images"][0]["partitions"][-1]
with open(os.path.join(data, "original.raw"), "rb") as disk, open(os.path.join(data, "volume.raw"), "wb") as volume:
    volume.truncate(partition["length"])
    at, end = partition["offset"], partition["offset"] + partition["length"]
    while at < end:
        try:
            start = max(at, os.lseek(disk.fileno(), at, os.SEEK_DATA))
        except OSError:  # only a hole is left
            break
        at = min(end, os.lseek(disk.fileno(), start, os.SEEK_HOLE))
        if start < end:
            volume.seek(start - partition["offset"])
            volume.write(os.pread(disk.fileno(), at - start, start))
shutil.copyfile(os.path.join(data, "SYSTEM"), os.path.join(data, "disk.raw"))

print("programs of the documents, against the packages:")
before = open(os.path.join(data, "disk.raw"), "rb").read()
require("Core", compile_and_run("Core", "OfflinePatch.Core", program("src/OfflinePatch.Core/PACKAGE.md")), r"\d+ bytes written\n1 change undone")
if open(os.path.join(data, "disk.raw"), "rb").read() != before:
    sys.exit("Core: the file is not what it was")
require("Registry", compile_and_run("Registry", "OfflinePatch.Registry", program("src/OfflinePatch.Registry/PACKAGE.md")), r"0 findings, [1-9]\d* keys below the root")
if "Start" not in offlinepatch("reg", "query", "SYSTEM.new", r"ControlSet001\Services\Example", where=data):
    sys.exit("Registry: the value is not there")
require("Ntfs", compile_and_run("Ntfs", "OfflinePatch.Ntfs", program("src/OfflinePatch.Ntfs/PACKAGE.md")), r"0 findings, [1-9]\d+ bytes written")
if offlinepatch("fs", "cat", "volume.raw", "note.txt", where=data) != "hello":
    sys.exit("Ntfs: the file is not there")
require("Disks", compile_and_run("Disks", "OfflinePatch.Disks", program("src/OfflinePatch.Disks/PACKAGE.md")), r"Vmdk 1: \d+ bytes at \d+\nVmdk 2: \d+ bytes at \d+")
offlinepatch("compare", "original.raw", "copy.qcow2", where=data)
require("FileSystems", compile_and_run("FileSystems", "OfflinePatch.FileSystems", program("src/OfflinePatch.FileSystems/PACKAGE.md")), r"(?i)(zip: \S+ \d+\n?)+")
require("Drivers", compile_and_run("Drivers", "OfflinePatch.Drivers", program("src/OfflinePatch.Drivers/PACKAGE.md")), r"(?s).*viostor\.inf 100\.\S+: [1-9]\d* device ids.*")
require("Windows", compile_and_run("Windows", "OfflinePatch.Windows", program("src/OfflinePatch.Windows/PACKAGE.md")), r"[1-9]\d+ bytes written, undone by server\.vmdk\.offlinepatch-undo")
offlinepatch("undo", "server.vmdk", where=data)
require("README: edit", compile_and_run("Edit", "OfflinePatch.Windows", program("README.md", "### Edit an image")), r"[1-9]\d+ bytes written; to undo: .*server\.vmdk\.offlinepatch-undo")
if offlinepatch("fs", "cat", "server.vmdk", "Windows/Temp/note.txt", where=data) != "moved":
    sys.exit("README: the file is not there")
offlinepatch("undo", "server.vmdk", where=data)
require("README: fix", compile_and_run("Fix", "OfflinePatch.Windows", program("README.md", "### Fix an image"), ["server.vmdk", "virtio", "cloudbase-init.zip", "sample-root.cer"]),
        r"(?s).*Verify 1/\d+ .*\nReady(\n.*)?")
offlinepatch("check", "server.vmdk", "--trust-root", "sample-root.cer", where=data)

run("dotnet", "tool", "install", "OfflinePatch", "--version", versions["OfflinePatch"], "--tool-path", os.path.join(work, "tools"), "--configfile", os.path.join(work, "nuget.config"))
installed = run(os.path.join(work, "tools", "offlinepatch"), "--version")
if versions["OfflinePatch"] not in installed:
    sys.exit(f"the tool says {installed}")
print("  the .NET tool")
print("packages: ok")
