import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.guard.policies.help import FIELDS, INTERNATIONAL, What, built_in, help_for, parse, with_own
from ringfence.guard.policies.policy import default_policy
from ringfence.model.faults import Fault

PACKS = built_in()
PAGE = (Path(__file__).parents[3] / "docs" / "help.md").read_text("utf-8")
EXAMPLE = PAGE.split("```toml\n")[1].split("```")[0]


@given(st.sampled_from([*PACKS, "ZZ", "", "de"]), st.sampled_from(["de", "fr-CA", "", "xx"]))
def test_everybody_everywhere_gets_help_of_each_kind(country: str, language: str) -> None:
    found = help_for(country, language, PACKS)
    assert {one.what for one in found} == set(What)
    assert [one.what for one in found] == sorted((one.what for one in found), key=list(What).index)
    own = PACKS.get(country.upper(), ())
    assert set(own) <= set(found)
    kinds = {one.what for one in own}
    assert all(one.country == (country.upper() if one.what in kinds else INTERNATIONAL) for one in found if own)


def test_the_language_of_the_person_comes_first_and_hides_nothing() -> None:
    text = "".join(
        f'[[help]]\ncountry = "CH"\nname = "{name}"\nwhat = "child"\nphone = "147"\nlanguages = ["{name}"]\n'
        for name in ("de", "fr", "it-CH")
    )
    packs = parse(text, "x")
    for language, names in (
        ("fr-CH", "fr de it-CH"),
        ("it", "it-CH de fr"),
        ("en", "de fr it-CH"),
        ("", "de fr it-CH"),
    ):
        assert [one.name for one in help_for("ch", language, packs)] == names.split()


def test_what_ships_says_where_and_when_it_was_read() -> None:
    for one in (one for entries in PACKS.values() for one in entries):
        assert one.source.startswith("http"), one.name
        assert one.checked is not None
        assert one.checked >= date(2026, 11, 26)
        assert one.languages
    assert {one.what for one in PACKS[INTERNATIONAL]} == set(What)


def test_every_country_that_ships_is_on_the_page() -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert listed >= {*PACKS, *FIELDS}
    for country, entries in PACKS.items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{country}` |"))
        assert [one.name for one in entries if one.name not in row] == []


def test_an_operators_file_replaces_its_countries_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(EXAMPLE)
    packs = with_own(tmp_path)
    own = parse(EXAMPLE, "x")
    assert packs == {**PACKS, **own}
    assert len(own) == 1
    assert with_own(tmp_path / "none") == PACKS


def test_a_country_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(EXAMPLE)
    with pytest.raises(Fault, match=r"b\.toml: AT stands in another file"):
        with_own(tmp_path)
    (tmp_path / "b.toml").write_bytes(b"\xff")
    with pytest.raises(Fault, match="cannot be read"):
        with_own(tmp_path)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (('what = "child"', 'what = "children"'), "help 1: what is 'children'; use one of worried, child, report"),
        (('what = "child"', ""), "help 1: what is 'missing'"),
        (('country = "AT"', 'country = "at"'), "help 1: country is 'at'; use two capital letters, or international"),
        (('country = "AT"', "country = 43"), "help 1: country is 43"),
        (('name = "', 'name = "\\u0007'), "help 1: name is"),
        (('name = "', 'nam = "'), f"help 1: unknown field nam; use {', '.join(FIELDS)}"),
        (("https://", "http://"), "help 1: url is"),
        (("https://", "javascript:"), "help 1: url is"),
        (('phone = "', 'phone = "call '), "help 1: phone is"),
        (('languages = ["de"]', 'languages = "de"'), "help 1: languages is 'de'"),
        (('languages = ["de"]', 'languages = ["german"]'), "help 1: languages is ['german']"),
        (("checked = 2026-11-26", 'checked = "2026-11-26"'), "help 1: checked is"),
        (("checked = 2026-11-26", "checked = 2026-11-26T00:00:00"), "help 1: checked is"),
        (('source = "https', 'source = "a page, https'), "help 1: source is"),
        (("[[help]]", "[help]"), "there is no [[help]]"),
        (("[[help]]", "[[halp]]"), "unknown table or field halp; use [[help]]"),
        (('country = "AT"', 'country = "AT'), "not readable as TOML"),
    ],
)
def test_what_is_no_help_is_refused(edit: tuple[str, str], told: str) -> None:
    assert edit[0] in EXAMPLE
    with pytest.raises(Fault) as caught:
        parse(EXAMPLE.replace(*edit, 1), "own.toml")
    assert told in caught.value.what
    assert "\n" not in str(caught.value)


def test_an_entry_leads_somewhere() -> None:
    text = "\n".join(line for line in EXAMPLE.splitlines() if not line.startswith(("url", "phone")))
    with pytest.raises(Fault, match="neither url nor phone"):
        parse(text, "x")


def test_the_default_messages_send_nobody_away_without_naming_help() -> None:
    policy = default_policy()
    words = {"en": "help", "de": "helfen", "fr": "aident", "es": "ayudan"}
    for language, word in words.items():
        assert word in policy.message("blocked", language)
