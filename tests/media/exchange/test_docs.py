"""Does the page on exchanges show settings and a list that work as it says?"""

from pathlib import Path

from ringfence.media.exchange import column_mapping, columns, settings

PAGE = Path("docs/media-exchange.md").read_text()


def block(kind: str, number: int) -> str:
    return PAGE.split(f"```{kind}\n")[number].split("```")[0]


def test_the_settings_are_taken() -> None:
    there = settings.parse(block("toml", 1), "the page")
    assert [(name, one.service) for name, one in there.items()] == [("ncmec", "ncmec"), ("stopncii", "stopncii")]


def test_the_list_is_read_by_its_mapping(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(block("csv", 1))
    found = columns.read(file, column_mapping.parse(block("toml", 2), "the page"))
    assert [(item.source_id, len(item.signals)) for item in found.items] == [("heron-1", 2)]
    assert [(one.line, one.reason) for one in found.bad] == [(4, "its MD5 hash is none")]
    assert next(iter(found.items)).labels == ("kittiwake list", "A")
