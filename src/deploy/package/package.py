#!/usr/bin/env python3
"""Builds archives and notices that are the same bytes on every machine.

package.py tar FOLDER OUT.tar.gz | zip FOLDER OUT.zip     the folder as an archive: names sorted, times of SOURCE_DATE_EPOCH, owner 0
package.py normalise FILE.nupkg...                        what is random or a time of day in NuGet packages is made a function of the content
package.py bom FILE.json PACK                             the same for a CycloneDX document; the pack of the runtime, which no project names, is added
package.py notices OUT ASSETS... [--pack NAME]...         licence texts of every NuGet package that project.assets.json files resolve, and of packs of the runtime
"""
import glob
import gzip
import hashlib
import io
import json
import os
import re
import sys
import tarfile
import time
import xml.etree.ElementTree as ET
import zipfile

EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "946684800"))
ZIP_TIME = time.gmtime(max(EPOCH, 315532800))[:6]  # a ZIP cannot tell times before 1980


def files_of(folder):
    """Relative names of all directories and files, sorted."""
    names = []
    for base, directories, files in os.walk(folder):
        names += [os.path.relpath(os.path.join(base, name), folder) for name in directories + files]
    return sorted(names)


def mode_of(path):
    return 0o755 if os.path.isdir(path) or os.access(path, os.X_OK) else 0o644


def make_tar(folder, out):
    top = os.path.basename(os.path.normpath(folder))
    with open(out, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=EPOCH) as packed, tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in [""] + files_of(folder):
            path = os.path.join(folder, name)
            entry = tar.gettarinfo(path, os.path.join(top, name) if name else top)
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mtime = EPOCH
            entry.mode = mode_of(path)
            if entry.isfile():
                with open(path, "rb") as content:
                    tar.addfile(entry, content)
            else:
                tar.addfile(entry)


def add(archive, name, content, mode=0o644):
    entry = zipfile.ZipInfo(name, ZIP_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = (0o100000 | mode) << 16
    archive.writestr(entry, content, compresslevel=9)


def make_zip(folder, out):
    top = os.path.basename(os.path.normpath(folder))
    with zipfile.ZipFile(out, "w") as archive:
        for name in files_of(folder):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as content:
                    add(archive, f"{top}/{name}", content.read(), mode_of(path))


def normalise_package(path):
    """A .nupkg: entries in order of their names, one time; the name of the properties part, which is random, becomes its digest."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    relations = parts["_rels/.rels"].decode("utf-8-sig")
    for name in [n for n in parts if n.endswith(".psmdcp")]:
        content = parts.pop(name)
        stable = f"{os.path.dirname(name)}/{hashlib.sha256(content).hexdigest()[:32]}.psmdcp"
        relations = relations.replace(name, stable)
        parts[stable] = content
    targets = re.findall(r'<Relationship [^>]*?Target="([^"]*)"', relations)
    for target in targets:
        identifier = "R" + hashlib.sha256(target.encode()).hexdigest()[:16].upper()
        relations = re.sub(r'(<Relationship (?=[^>]*Target="%s")[^>]*?Id=")[^"]*' % re.escape(target), r"\g<1>" + identifier, relations)
    parts["_rels/.rels"] = relations.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(parts):
            add(archive, name, parts[name])
    with open(path, "wb") as out:
        out.write(buffer.getvalue())


def complete_bom(path, pack):
    """A CycloneDX document: with the runtime, the time of the commit, and a serial number that follows from the content."""
    with open(path, encoding="utf-8-sig") as file:
        bom = json.load(file)
    bom.pop("serialNumber", None)
    bom["metadata"]["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(EPOCH))
    root = os.environ.get("NUGET_PACKAGES", os.path.expanduser("~/.nuget/packages"))
    version = os.path.basename(newest_pack([root], pack))
    bom["components"].append({
        "type": "framework", "bom-ref": f"pkg:nuget/{pack}@{version}", "name": pack, "version": version, "purl": f"pkg:nuget/{pack}@{version}", "scope": "required",
        "licenses": [{"license": {"id": "MIT"}}], "description": "The .NET runtime: linked into the native program, bundled with the others."})
    bom["components"].sort(key=lambda c: (c["name"], c["version"]))
    bom.get("dependencies", []).sort(key=lambda d: d["ref"])
    for dependency in bom.get("dependencies", []):
        dependency.get("dependsOn", []).sort()
    digest = hashlib.sha256(json.dumps(bom, sort_keys=True).encode()).hexdigest()
    bom["serialNumber"] = f"urn:uuid:{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(bom, file, indent=2, ensure_ascii=False, sort_keys=True)
        file.write("\n")


MIT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE."""


def text_files(folder):
    found = [p for p in glob.glob(os.path.join(folder, "**"), recursive=True)
             if re.fullmatch(r"(license|licence|notice|third-?party-?notices?)(\.txt|\.md)?", os.path.basename(p), re.I) and os.path.isfile(p)]
    return sorted(found)


def notice_of(folder, name, version):
    nuspec = ET.parse(glob.glob(os.path.join(folder, "*.nuspec"))[0]).getroot()
    metadata = {e.tag.split("}")[1]: e for e in nuspec[0]}
    licence = metadata.get("license")
    if licence is None:
        sys.exit(f"package.py: {name} {version} names no licence")
    copyright_line = (metadata["copyright"].text if "copyright" in metadata else None) or f"Copyright (c) {metadata['authors'].text}"
    lines = [f"{name} {version}", f"Licence: {licence.text}", ""]
    texts = text_files(folder)
    if texts:
        for path in texts:
            with open(path, encoding="utf-8-sig", errors="replace") as file:
                lines += [file.read().replace("\r\n", "\n").strip(), ""]
    elif licence.get("type") == "expression" and licence.text == "MIT":
        lines += [copyright_line.replace("\r\n", "\n").strip(), "", MIT, ""]
    else:
        sys.exit(f"package.py: {name} {version} has the licence {licence.text}, and its text is not in the package")
    return lines


def newest_pack(roots, name):
    versions = [v for r in roots for v in glob.glob(os.path.join(r, name.lower(), "*"))]
    if not versions:
        sys.exit(f"package.py: the pack {name} was not restored")
    return max(versions, key=lambda v: [int(n) if n.isdigit() else 0 for n in re.split(r"[.-]", os.path.basename(v))])


def make_notices(out, arguments):
    packs = [arguments[i + 1] for i, a in enumerate(arguments) if a == "--pack"]
    assets = [a for i, a in enumerate(arguments) if a != "--pack" and (i == 0 or arguments[i - 1] != "--pack")]
    packages, roots = {}, []
    for path in assets:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        roots += [r for r in document["packageFolders"] if r not in roots]
        for target in document["targets"].values():
            for key, library in target.items():
                shipped = [f for f in library.get("runtime", {}) if not f.endswith("_._")]
                if library["type"] == "package" and shipped:
                    packages[key] = document["libraries"][key]["path"]
    sections = []
    for key in sorted(packages, key=str.lower):
        folder = next(os.path.join(r, packages[key]) for r in roots if os.path.isdir(os.path.join(r, packages[key])))
        sections.append(notice_of(folder, *key.split("/")))
    for name in packs:
        folder = newest_pack(roots, name)
        sections.append(notice_of(folder, name, os.path.basename(folder)))
    rule = "\n" + "-" * 100 + "\n\n"
    with open(out, "w", encoding="utf-8") as file:
        file.write("Third-party software that is part of OfflinePatch, and its licences. OfflinePatch itself: see LICENSE.\n")
        file.writelines(rule + "\n".join(lines).rstrip() + "\n" for lines in sections)
    print(f"{out}: {len(sections)} packages")


def main(command, *arguments):
    if command == "tar":
        make_tar(*arguments)
    elif command == "zip":
        make_zip(*arguments)
    elif command == "normalise":
        for path in arguments:
            normalise_package(path)
    elif command == "bom":
        complete_bom(*arguments)
    elif command == "notices":
        make_notices(arguments[0], list(arguments[1:]))
    else:
        sys.exit(__doc__)


main(*(sys.argv[1:] or ["help"]))
