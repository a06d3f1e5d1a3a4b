"""Adds up test results: what was skipped and why, how many oracle tests ran, and the sum. Exits 1 when a test failed or none ran."""
import collections
import sys
import xml.etree.ElementTree as ET

NS = {"t": "http://microsoft.com/schemas/VisualStudio/TeamTest/2010"}
counts = collections.Counter()
oracle = collections.Counter()
skipped = collections.Counter()
for path in sys.argv[1:]:
    root = ET.parse(path).getroot()
    tiers = {}
    for test in root.iterfind(".//t:UnitTest", NS):
        tiers[test.get("id")] = " ".join(c.get("TestCategory", "") for c in test.iterfind(".//t:TestCategoryItem", NS))
    for result in root.iterfind(".//t:UnitTestResult", NS):
        outcome = {"Passed": "passed", "Failed": "failed"}.get(result.get("outcome"), "skipped")
        counts[outcome] += 1
        is_oracle = "oracle" in tiers.get(result.get("testId"), "") or "racle" in result.get("testName", "")
        if is_oracle:
            oracle[outcome] += 1
        if outcome == "skipped":
            message = result.find(".//t:Message", NS)
            skipped[(message.text if message is not None and message.text else "no reason given").strip()] += 1
for reason, count in sorted(skipped.items()):
    print(f"skipped {count}: {reason}")
print(f"oracle tests: {oracle['passed'] + oracle['failed']} ran, {oracle['skipped']} skipped")
print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
sys.exit(1 if counts["failed"] or not counts["passed"] else 0)
