"""What others made stays as they made it: no file of theirs is edited by hand, and none comes in unnamed."""

import hashlib
import re
from pathlib import Path

VENDOR = Path("src/ringfence/console/static/vendor")
TOLD = (VENDOR / "README.md").read_text()
LISTED = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", TOLD, re.MULTILINE))


def test_every_file_is_listed_with_its_digest() -> None:
    there = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in VENDOR.iterdir()}
    del there["README.md"]
    assert there == LISTED


def test_the_script_that_builds_them_names_the_versions_that_are_listed() -> None:
    versions = re.findall(r"\b[A-Z_]+=(\d+\.\d+\.\d+)", Path("tools/build_vendored.sh").read_text())
    assert len(versions) == 6
    assert [version for version in versions if version not in TOLD] == []


def test_nothing_vendored_names_another_place_to_ask() -> None:
    for file in VENDOR.glob("*.js"):
        addresses = set(re.findall(r"https?://[\w./-]+", file.read_text()))
        assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}, file.name
