#!/usr/bin/env python3
"""Judges staged driver packages: reads the hives with hivexregedit (libguestfs) and the INF with a reader of its own, and compares.

usage: judge.py FOLDER      FOLDER holds what ForeignPackagesTests wrote: one directory a package

Of each package: the published INF, its active package, Version (class, date, version, architecture), Provider, Catalog and InfName; every hardware and compatible id
of the models that this Windows takes leads to the published INF, with the right kind, and no other id does; the class index; the number in OemInfMap; the files of the
store; for packages of the SYSTEM hive that are configured: a descriptor for each id, and its configuration with the service that the INF gives it.
"""
import datetime, json, os, re, struct, subprocess, sys, uuid


def export(hive, key):
    run = subprocess.run(["hivexregedit", "--export", "--unsafe-printable-strings", hive, key], capture_output=True)
    if run.returncode:
        return None
    keys, current, pending = {}, None, ""
    for line in run.stdout.decode("utf-8", "surrogateescape").splitlines():
        if line.endswith("\\") and not line.startswith("["):
            pending += line[:-1].strip()
            continue
        line, pending = pending + line.strip() if pending else line, ""
        if line.startswith("[") and line.endswith("]"):
            current = keys.setdefault(line[1:-1].strip("\\").lower(), {})
        elif current is not None and "=" in line:
            match = re.match(r'("((?:[^"\\]|\\.)*)"|@)=(.*)$', line)
            if match:
                name = "" if match.group(1) == "@" else re.sub(r"\\(.)", r"\1", match.group(2))
                current[name.lower()] = value(match.group(3))
    return keys


def value(text):
    if text.startswith('str'):
        match = re.match(r'str\((\d+)\):"(.*)"$', text)
        return (int(match.group(1)), match.group(2).replace('\\\\', '\\').replace('\\"', '"')) if match else (1, text)
    if text.startswith('"'):
        return (1, re.sub(r"\\(.)", r"\1", text[1:-1]))
    if text.startswith("dword:"):
        return (4, struct.pack("<I", int(text[6:], 16)))
    match = re.match(r"hex(?:\(([0-9a-f]+)\))?:(.*)$", text)
    data = bytes(int(b, 16) for b in match.group(2).split(",") if b.strip())
    kind = int(match.group(1), 16) if match.group(1) else 3
    return (kind, data.decode("utf-16-le", "replace").rstrip("\0") if kind in (1, 2) else data)


def text_of(item):
    return None if item is None else item[1] if isinstance(item[1], str) else item[1].decode("utf-16-le", "replace").rstrip("\0")


# --- an INF, read as learn.microsoft.com/windows-hardware/drivers/install/general-syntax-rules-for-inf-files says


def read_inf(path):
    raw = open(path, "rb").read()
    if raw[:2] == b"\xff\xfe":
        text = raw[2:].decode("utf-16-le", "replace")
    elif raw[:2] == b"\xfe\xff":
        text = raw[2:].decode("utf-16-be", "replace")
    elif raw[:3] == b"\xef\xbb\xbf":
        text = raw[3:].decode("utf-8", "replace")
    else:
        text = raw.decode("cp1252", "replace")
    sections, current, pending = {}, None, ""
    for line in re.split(r"\r\n|\r|\n", text.replace("\0", "").replace("\x1a", "")):
        line = strip(pending + line)
        pending = ""
        if line.endswith("\\") and not line.startswith("["):
            pending = line[:-1].rstrip() + " "
            continue
        line = line.strip()
        if line.startswith("[") and "]" in line:
            current = sections.setdefault(line[1:line.index("]")].strip().strip('"').lower(), [])
        elif line and current is not None:
            current.append(line)
    return sections


def strip(line):
    quoted = False
    for i, c in enumerate(line):
        if c == '"':
            quoted = not quoted
        elif c == ";" and not quoted:
            return line[:i].rstrip()
    return line.rstrip()


def fields(text):
    out, field, quoted, i = [], "", False, 0
    while i < len(text):
        c = text[i]
        if c == '"':
            if quoted and text[i + 1:i + 2] == '"':
                field += '"'
                i += 1
            else:
                quoted = not quoted
        elif c == "," and not quoted:
            out.append(field.strip())
            field = ""
        else:
            field += c
        i += 1
    return out + [field.strip()]


def split_key(line):
    quoted = False
    for i, c in enumerate(line):
        if c == '"':
            quoted = not quoted
        elif c == "=" and not quoted:
            return line[:i].strip(), line[i + 1:].strip()
    return None, line


class Inf:
    def __init__(self, path):
        self.sections = read_inf(path)
        self.strings = {}
        for name in sorted((s for s in self.sections if s.startswith("strings")), key=len, reverse=True):
            for line in self.sections[name]:
                key, text = split_key(line)
                if key is not None:
                    self.strings[key.strip('"').lower()] = fields(text)[0]

    def expand(self, text, depth=0):
        def one(match):
            token = match.group(1)
            return "%" if token == "" else self.strings.get(token.lower(), match.group(0))
        return re.sub(r"%([^%]*)%", one, text)

    def lines(self, name):
        for line in self.sections.get(name.lower(), []):
            key, text = split_key(line)
            yield (None if key is None else key), [self.expand(f) for f in fields(text)]

    def get(self, section, key):
        for k, f in self.lines(section):
            if k is not None and self.expand(k.strip('"')).lower() == key.lower():
                return f
        return None

    def models(self, arch, version, product):
        wanted = tuple(int(v) for v in version.split("."))
        for key, f in self.lines("manufacturer"):
            name = f[0]
            best, best_rank = (name, (-1,)) if arch == "x86" and name.lower() in self.sections else (None, None)
            for decoration in f[1:]:
                if f"{name}.{decoration}".lower() not in self.sections:
                    continue
                rank = fits(decoration, arch, wanted, product)
                if rank is not None and (best is None or rank > best_rank):
                    best, best_rank = f"{name}.{decoration}", rank
            if best:
                for k, line in self.lines(best):
                    if k is not None:
                        yield k, line[0], [i for i in line[1:] if i]

    def install(self, name, arch):
        for suffix in (f".nt{arch}", ".nt", ""):
            if (name + suffix).lower() in self.sections:
                return name + suffix
        return None


def fits(decoration, arch, wanted, product):
    """How well NTarch.major.minor.product.suite.build fits; None when it does not. Source: inf-manufacturer-section."""
    parts = decoration.split(".")
    match = re.match(r"nt(.*)$", parts[0], re.I)
    if not match:
        return None
    named = match.group(1).lower()
    if named != arch and not (named == "" and arch == "x86"):
        return None
    number = [p.strip() for p in parts[1:]] + [""] * 5
    try:
        major, minor = (int(number[0], 0) if number[0] else 0), (int(number[1], 0) if number[1] else 0)
        if number[2] and int(number[2], 0) != product:
            return None
        if number[3] and int(number[3], 0) != 0:
            return None
        build = int(number[4], 0) if number[4] else 0
    except ValueError:
        return None
    if (major, minor) > wanted[:2] or (build and (major, minor) == wanted[:2] and build > wanted[2]) or (build and (major, minor) != wanted[:2] and (major, minor, build) > wanted):
        return None
    return (major, minor, build, 1 if number[2] else 0, 1 if named else 0)


def judge(folder):
    facts = json.load(open(os.path.join(folder, "facts.json")))
    inf = Inf(os.path.join(folder, "package.inf"))
    published, package, arch = facts["published"].lower(), facts["package"].lower(), facts["architecture"]
    problems = []

    def expect(what, ours, theirs):
        if ours != theirs:
            problems.append(f"{what}: staged {ours!r}, INF says {theirs!r}")

    class_guid = uuid.UUID(inf.get("version", "classguid")[0])
    system = export(os.path.join(folder, "SYSTEM"), "DriverDatabase")
    drivers = export(os.path.join(folder, "DRIVERS"), "DriverDatabase") if os.path.exists(os.path.join(folder, "DRIVERS")) else {}
    databases = [d for d in (system, drivers) if d and f"driverdatabase\\driverinffiles\\{published}" in d]
    if len(databases) != 1:
        return [f"{published} is in {len(databases)} hives"]
    database = databases[0]
    record = database.get(f"driverdatabase\\driverpackages\\{package}")
    if record is None:
        return [f"no record {package}"]
    names = database[f"driverdatabase\\driverinffiles\\{published}"]
    expect("Active", text_of(names.get("active")).lower(), package)
    expect("default value", text_of(record.get("")).lower(), published)
    expect("InfName", text_of(record.get("infname")).lower(), facts["inf"].lower())
    expect("Provider", text_of(record.get("provider")), (inf.get("version", "provider") or [""])[0])
    blob = record["version"][1]
    expect("length of Version", len(blob), 48)
    expect("mark", blob[:2], b"\x00\xff")
    expect("architecture", struct.unpack_from("<H", blob, 2)[0], {"x86": 0, "amd64": 9, "arm": 5, "arm64": 12}[arch])
    expect("class", uuid.UUID(bytes_le=blob[8:24]), class_guid)
    ver = inf.get("version", "driverver")
    if ver:
        match = re.match(r"(\d+)[/-](\d+)[/-](\d{4})$", ver[0].strip())
        if match:
            month, day, year = (int(g) for g in match.groups())
            since = datetime.datetime(year, month, day) - datetime.datetime(1601, 1, 1)
            expect("date", struct.unpack_from("<q", blob, 0x18)[0], since.days * 864000000000)
        if len(ver) > 1 and re.match(r"\d+(\.\d+){0,3}$", ver[1].strip()):
            numbers = [int(n) for n in ver[1].strip().split(".")] + [0, 0, 0]
            expect("version", list(reversed(struct.unpack_from("<4H", blob, 0x20))), numbers[:4])

    # ids
    extension = class_guid == uuid.UUID("e2f84ce7-8efa-411c-aa69-97454ca4cb57")
    wanted, sections = {}, {}
    models = list(inf.models(arch, facts["version"], int(facts["product"])))
    for _, section, ids in models:
        if ids:
            wanted.setdefault(ids[0].lower(), 3 if extension else 1)
            sections.setdefault(ids[0].lower(), section)
    for _, section, ids in models:
        for i in ids[1:]:
            wanted.setdefault(i.lower(), 3 if extension else 2)
            sections.setdefault(i.lower(), section)
    prefix = "driverdatabase\\deviceids\\"
    found = {k[len(prefix):]: v[published][1] for k, v in database.items() if k.startswith(prefix) and not k.startswith(prefix + "{") and published in v}
    generic = {i for i in found if re.match(r"pci\\ven_1af4&dev_[0-9a-f]{4}$", i)}  # of VirtIO boot drivers: vendor and device alone
    expect("ids", sorted(set(found) - generic - set(wanted)) , [])
    expect("ids that are missing", sorted(set(wanted) - set(found)), [])
    for i in set(found) & set(wanted):
        expect(f"kind of {i}", found[i][0], wanted[i])
    if published not in database.get(f"{prefix}{{{class_guid}}}", {}):
        problems.append("the class index does not name it")

    # number
    number = int(re.match(r"oem(\d+)\.inf", published).group(1))
    bitmap = system["driverdatabase"]["oeminfmap"][1]
    expect("OemInfMap", bool(bitmap[number // 8] & (0x80 >> (number % 8))), True)

    # files
    files = {f.strip().lower() for f in open(os.path.join(folder, "files.txt"), encoding="utf-8-sig")}
    store = f"windows\\system32\\driverstore\\filerepository\\{package}\\"
    for path in (store + facts["inf"].lower(), f"windows\\inf\\{published}"):
        if path not in files:
            problems.append(f"no file {path}")
    if "catalog" in record and store + text_of(record["catalog"]).lower() in files and f"windows\\system32\\catroot\\{{f750e6c3-38ee-11d1-85e5-00c04fc295ee}}\\oem{number}.cat" not in files:
        problems.append("the catalogue is not published")

    # configurations
    base = f"driverdatabase\\driverpackages\\{package}\\"
    if any(k.startswith(base + "configurations\\") for k in database):
        if database is not system:
            problems.append("a package of the DRIVERS hive is configured")
        for i in wanted:
            descriptor = database.get(f"{base}descriptors\\{i}")
            section = inf.install(sections[i], arch)
            if descriptor is None or section is None:
                problems.append(f"no descriptor of {i}")
                continue
            expect(f"configuration of {i}", text_of(descriptor.get("configuration")).lower(), section.lower())
            configuration = database.get(f"{base}configurations\\{section.lower()}")
            if configuration is None:
                problems.append(f"no configuration {section}")
                continue
            service = next((f[0] for k, f in inf.lines(section + ".services") if k and k.lower() == "addservice" and f[0] and len(f) > 1 and int(f[1] or "0", 0) & 2), None)
            staged = text_of(configuration.get("service"))
            if service is not None:
                expect(f"service of {section}", (staged or "").lower(), service.lower())
    elif database is system and not extension:
        problems.append("a package of the SYSTEM hive is not configured")
    return problems


def main():
    folders = sorted(f for f in os.listdir(sys.argv[1]) if os.path.exists(os.path.join(sys.argv[1], f, "facts.json")))
    accepted = 0
    for folder in folders:
        path = os.path.join(sys.argv[1], folder)
        try:
            problems = judge(path)
        except Exception as error:  # a judge that fails has not accepted
            problems = [f"the judge failed: {type(error).__name__}: {error}"]
        accepted += not problems
        for problem in problems[:6]:
            print(f"{folder} {json.load(open(os.path.join(path, 'facts.json')))['path']}: {problem}")
    print(f"{accepted} of {len(folders)} packages accepted")
    return 0 if folders and accepted == len(folders) else 1


if __name__ == "__main__":
    sys.exit(main())
