"""Merges Cobertura files: a line or a branch counts as covered where any test project covers it. Prints one row for each assembly of the product."""
import collections
import glob
import os
import re
import sys
import xml.etree.ElementTree as ET

GOALS = {"OfflinePatch." + n for n in ("Core", "Disks", "Ntfs", "Registry", "Drivers", "Windows")}  # 90 % of lines, 80 % of branches

lines = collections.defaultdict(dict)
branches = collections.defaultdict(dict)
for path in glob.glob(os.path.join(sys.argv[1], "**", "coverage.cobertura.xml"), recursive=True):
    for package in ET.parse(path).getroot().iterfind(".//package"):
        name = package.get("name")
        if name.endswith(".Tests") or "Fixtures" in name or name in ("OfflinePatch.Testing", "OfflinePatch.Fuzz"):
            continue
        for cls in package.iterfind(".//class"):
            if "/obj/" in cls.get("filename"):
                continue  # generated
            for line in cls.iterfind("./lines/line"):
                key = (cls.get("filename"), line.get("number"))
                lines[name][key] = lines[name].get(key, False) or int(line.get("hits")) > 0
                taken = re.search(r"\((\d+)/(\d+)\)", line.get("condition-coverage") or "")
                if taken:
                    # a lower bound: two projects may take different branches of one line
                    old = branches[name].get(key, (0, 0))
                    branches[name][key] = (max(old[0], int(taken[1])), max(old[1], int(taken[2])))
print(f"{'assembly':<26}{'lines':>8}{'covered':>10}{'branches':>10}{'covered':>10}")
for name in sorted(lines):
    all_lines, all_branches = lines[name], branches[name].values()
    total = sum(b[1] for b in all_branches)
    line = 100 * sum(all_lines.values()) / max(1, len(all_lines))
    branch = 100 * sum(b[0] for b in all_branches) / max(1, total)
    below = "  below 90/80" if name in GOALS and (line < 90 or branch < 80) else ""
    print(f"{name:<26}{len(all_lines):>8}{line:>9.1f}%{total:>10}{branch:>9.1f}%{below}")
