"""Do the good rows of a file reach the bank, and the bad ones a file of their own, whatever the file holds?"""

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.media.exchange.standin import digest
from tests.media.exchange.test_fetch import Bank

from ringfence.media.exchange import column_mapping, columns, imported, rows, vpdq_text
from ringfence.media.exchange.rows import Rows
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion

MD5, SHA1, PDQ = digest("siskin")
MAPPING = """
delimiter = ";"
labels = ["kittiwake list"]
[columns]
source_id = "Reference"
md5 = "MD5 hash"
pdq = "PDQ"
quality = "Quality"
labels = ["Class"]
opinion = "State"
at = "Changed"
[opinions]
"ok" = "positive"
"under review" = "investigate"
"""
HEADER = "Reference;MD5 hash;PDQ;Quality;Class;State;Changed;Note"


def read(path: Path, text: str | bytes, mapping: str = MAPPING) -> Rows:
    file = path / "list.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return columns.read(file, column_mapping.parse(mapping, "list.toml"))


def test_rows_become_items(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        f"\ufeff{HEADER}\r\nb1;{MD5};{PDQ};88;A1;ok;2026-01-02;x\r\n\r\nb1;;{digest('x')[2]};90;B;ok;2026-01-03;\n",
    )
    (item,) = found.items
    assert (item.source_id, item.labels, item.opinion) == ("b1", ("kittiwake list", "A1", "B"), Opinion.POSITIVE)
    assert [(one.kind, one.quality) for one in item.signals] == [
        (HashKind.PDQ, 88), (HashKind.MD5, None), (HashKind.PDQ, 90)
    ]  # fmt: skip
    assert item.at is not None
    assert (item.at.day, found.good, found.bad) == (3, 2, ())


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (";{md5};;;;ok;;", "has no id"),
        ("b;;;;;ok;;", "holds no hash"),
        ("b;{md5}0;;;;ok;;", "its MD5 hash is none"),
        ("b;;{pdq};101;;ok;;", "its quality is no number"),
        ("b;;{pdq};\u0665;;ok;;", "its quality is no number"),
        ("b;{md5};;;;fine;;", "its opinion is none"),
        ("b;{md5};;;;ok;yesterday;", "its time is not ISO 8601"),
        ("b;{md5}", "has 2 columns"),
        ('b;{md5};;;"a\nb";ok;;', "holds a line break"),
        ("b;{md5};;;\udcff;ok;;", "holds what is not utf-8"),
        ("b" * 300 + ";{md5};;;;ok;;", "one that cannot be kept"),
    ],
)
def test_each_bad_row_has_its_reason_and_the_good_ones_land(tmp_path: Path, row: str, reason: str) -> None:
    good = f"g;{MD5};;;;ok;;"
    text = "\n".join((HEADER, good, row.format(md5=MD5, pdq=PDQ), good))
    found = read(tmp_path, text.encode("utf-8", "surrogateescape"))
    assert (found.good, len(list(found.items))) == (2, 1)
    assert [(one.line, reason in one.reason) for one in found.bad] == [(3, True)]
    assert not [one for one in (MD5, PDQ) if one in found.bad[0].reason]
    aside = tmp_path / "media" / "quarantine" / "x.csv"
    rows.quarantine(aside, found.bad)
    kept = list(csv.reader(aside.read_text().splitlines(keepends=True)))
    assert kept[1][:2] == ["3", found.bad[0].reason]
    assert (aside.stat().st_mode & 0o777, aside.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1252", "utf-8-sig"])
def test_other_encodings_are_read_and_wrong_ones_told(tmp_path: Path, encoding: str) -> None:
    text = f"{HEADER}\nb\u00e9;{MD5};;;caf\u00e9;ok;;\n".encode(encoding)
    found = read(tmp_path, text, f'encoding = "{encoding}"\n{MAPPING}')
    assert [(item.source_id, item.labels[-1]) for item in found.items] == [("b\u00e9", "caf\u00e9")]
    if encoding.startswith("utf-16"):
        with pytest.raises(Fault, match=r"has no column|is not utf-8"):
            read(tmp_path, text)


def test_columns_by_place_and_ids_of_the_hashes(tmp_path: Path) -> None:
    mapping = "header = false\n[columns]\nsha1 = 2\n"
    found = read(tmp_path, f"x,{SHA1}\ny,{SHA1}\nz,{digest('x')[1]}\n", mapping)
    assert (found.good, len(list(found.items))) == (3, 2)
    assert not [item for item in found.items if SHA1[:8] in item.source_id]


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (('md5 = "MD5 hash"\npdq = "PDQ"', ""), "names no column with a hash"),
        (('"MD5 hash"', '"MD5 hsh"'), "did you mean 'MD5 hash'"),
        (('delimiter = ";"', 'delimiter = ";;"'), "delimiter"),
        (('delimiter = ";"', 'delimiter = "\\n"'), "none that separates"),
        (('delimiter = ";"', 'encoding = "rot13"'), "none that is known"),
        (('delimiter = ";"', 'encoding = "\\u0000"'), "none that is known"),
        (('delimiter = ";"', "header = false"), "without a header"),
        (('"ok" = "positive"', '"ok" = "sure"'), "opinions.ok"),
        (("[opinions]", "[opinion]"), "opinion"),
        (("[columns]", "[columns"), "is no TOML"),
    ],
)
def test_each_wrong_mapping_is_one_line(tmp_path: Path, edit: tuple[str, str], says: str) -> None:
    assert edit[0] in MAPPING
    with pytest.raises(Fault) as told:
        read(tmp_path, HEADER + "\n", MAPPING.replace(*edit))
    assert says in str(told.value)
    assert "\n" not in str(told.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200), start=st.integers(0, 150), text=st.text(alphabet='";\n\r\x00ab0', max_size=30))
def test_no_bytes_raise_anything_but_a_fault(tmp_path: Path, body: bytes, start: int, text: str) -> None:
    good = f"{HEADER}\ng;{MD5};{PDQ};50;;ok;;\n".encode()
    for content in (body, good[:start] + body + good[start:], good[:start] + text.encode() + good[start:]):
        for mapping in (MAPPING, "header = false\n[columns]\nmd5 = 1\n", 'encoding = "utf-16"\n' + MAPPING):
            try:
                found = read(tmp_path, content, mapping)
            except Fault as fault:
                said = str(fault)
            else:
                said = " ".join(one.reason for one in found.bad)
                assert len(list(found.items)) <= found.good
            assert not [one for one in (MD5, PDQ) if one in said]
        (tmp_path / "video.txt").write_bytes(content)
        bad = vpdq_text.read(tmp_path / "video.txt").bad
    rows.quarantine(tmp_path / "q" / "x.csv", bad)


def test_a_video_of_vpdq_text_is_one_item(tmp_path: Path) -> None:
    file = tmp_path / "firecrest.txt"
    lines = [f"0,100,{PDQ},0.000", f"30,49,{digest('x')[2]},1.001", "", f"60,100,{PDQ},2", f"x,1,{PDQ},1",
             f"1,101,{PDQ},1", "1,1,zz,1", f"1,1,{PDQ}", f"1,1,{PDQ},nan"]  # fmt: skip
    file.write_text("\r\n".join(lines))
    found = vpdq_text.read(file)
    assert [(item.source_id, [one.quality for one in item.signals]) for item in found.items] == [
        ("firecrest", [100, 49])
    ]
    assert (found.good, [one.line for one in found.bad]) == (3, [5, 6, 7, 8, 9])
    assert next(iter(vpdq_text.read(file, "v-1").items)).source_id == "v-1"
    with pytest.raises(Fault, match="cannot be read"):
        vpdq_text.read(tmp_path)


def test_a_whole_list_removes_what_it_lacks_and_no_more_than_can_be_believed(tmp_path: Path) -> None:
    def file(*names: str, bad: bool = False) -> Rows:
        lines = [f"{name},{digest(name)[0]}" for name in names] + (["x,zz"] if bad else [])
        return read(tmp_path, "\n".join(["id,md5", *lines]), '[columns]\nsource_id = "id"\nmd5 = "md5"\n')

    bank = Bank()
    first = imported.land(file("siskin", "wryneck", "dunnock"), bank.shelf, "bank x")
    assert first.landed["added"] == 3
    assert imported.land(file("siskin", "wryneck", "dunnock"), bank.shelf, "bank x").landed["unchanged"] == 3
    with pytest.raises(Fault, match="cannot be told"):
        imported.land(file("siskin", bad=True), bank.shelf, "bank x", whole=True)
    with pytest.raises(Fault, match="lacks 2 of the bank's 3"):
        imported.land(file("siskin"), bank.shelf, "bank x", whole=True)
    assert imported.land(file("siskin", "wryneck"), bank.shelf, "bank x", whole=True).landed["removed"] == 1
    assert set(bank.items) == {"siskin", "wryneck"}
    bank.checkpoint = "{}"
    with pytest.raises(Fault, match="filled by an exchange"):
        imported.land(file("siskin"), bank.shelf, "bank x")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(["siskin", "wryneck", "dunnock", "serin", "twite"]), max_size=30))
def test_rows_that_are_apart_are_one_item_all_the_same(tmp_path: Path, names: list[str]) -> None:
    rows_ = [f"{name};;{digest(str(number % 7))[2]};;C{number};ok;;" for number, name in enumerate(names)]
    found = read(tmp_path, "\n".join([HEADER, *rows_]))
    whole: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        whole.setdefault(name, []).append(number)
    for _ in range(2):  # they may be gone through twice
        items = {item.source_id: item for item in found.items}
        assert len(list(found.items)) == len(items)
        assert set(items) == set(whole)
        for name, numbers in whole.items():
            assert items[name].labels == ("kittiwake list", *(f"C{number}" for number in numbers))
            values = dict.fromkeys(bytes.fromhex(digest(str(number % 7))[2]) for number in numbers)
            assert [signal.value for signal in items[name].signals] == list(values)


def test_a_file_that_changes_meanwhile_is_not_half_of_each(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER}\nb;;{PDQ};;;ok;;\n")
    read(tmp_path, f"{HEADER}\nc;;{PDQ};;;ok;;\n")
    with pytest.raises(Fault, match="changed while it was read"):
        list(found.items)
