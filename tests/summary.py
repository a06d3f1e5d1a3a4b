"""Adds up test results: what was skipped and why, how many oracle tests ran, what failed, and the sum. Exits 1 when a test failed or none ran."""
import collections
import glob
import re
import sys
import xml.etree.ElementTree as ET

NS = {"t": "http://microsoft.com/schemas/VisualStudio/TeamTest/2010"}
MESSAGE = 600  # characters of a failure that are repeated; all of it stands above


def oracle_names():
    """Classes and methods with the trait tier=oracle: results do not carry traits, so they are read from the sources."""
    names = set()
    for path in glob.glob("tests/**/*.cs", recursive=True):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for match in re.finditer(r'\[Trait\("tier", "oracle"\)\][^;{]*?(?:class\s+(\w+)|void\s+(\w+)\()', text):
            names.add(match.group(1) or match.group(2))
    return names


ORACLES = oracle_names()
counts = collections.Counter()
oracle = collections.Counter()
skipped = collections.Counter()
failed = []
for path in sys.argv[1:]:
    root = ET.parse(path).getroot()
    for result in root.iterfind(".//t:UnitTestResult", NS):
        outcome = {"Passed": "passed", "Failed": "failed"}.get(result.get("outcome"), "skipped")
        counts[outcome] += 1
        parts = re.split(r"[.(]", result.get("testName", ""))
        if not ORACLES.isdisjoint(parts):
            oracle[outcome] += 1
        message = result.find(".//t:Message", NS)
        text = (message.text if message is not None and message.text else "no reason given").strip()
        if outcome == "skipped":
            skipped[text] += 1
        elif outcome == "failed":
            failed.append((result.get("testName", ""), text))
for reason, count in sorted(skipped.items()):
    print(f"skipped {count}: {reason}")
print(f"oracle tests: {oracle['passed'] + oracle['failed']} ran, {oracle['skipped']} skipped")
for name, text in failed:
    print(f"failed: {name}: {' '.join(text[:MESSAGE].split())}")
print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
sys.exit(1 if counts["failed"] or not counts["passed"] else 0)
