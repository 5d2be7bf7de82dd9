"""Where can a person turn, in the country they are in?

Packs are data: those that ship (help.toml), and an operator's own in the workspace's folder `help/`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any

from ringfence.model.faults import Fault

INTERNATIONAL = "international"
FIELDS = ("country", "name", "what", "url", "phone", "languages", "source", "checked")
COUNTRY = re.compile(r"[A-Z]{2}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
PHONE = re.compile(r"\+?[0-9][0-9 -]{1,24}")
ADDRESS = re.compile(r"https?://[\w.-]+(/[^\s\"'<>]*)?")
LONGEST_NAME = 100


class What(StrEnum):
    """Whom it is for, in the order it is shown."""

    WORRIED = "worried"  # people worried about their own thoughts or behaviour, or somebody else's
    CHILD = "child"  # children and young people
    REPORT = "report"  # anybody who wants to report something


@dataclass(frozen=True, slots=True)
class Help:
    """One public help line. It has an address, a phone number, or both; `source` says where that was read."""

    country: str
    name: str
    what: What
    url: str = ""
    phone: str = ""
    languages: tuple[str, ...] = ()
    source: str = ""
    checked: date | None = None


Packs = Mapping[str, tuple[Help, ...]]  # by country, as two capital letters, or "international"


def help_for(country: str, language: str, packs: Packs) -> tuple[Help, ...]:
    """The help lines of a country, those in the person's language first. For what it has none of, international ones.

    Raises nothing: an unknown country or language gets the international ones.
    """
    own = packs.get(country.upper(), ())
    rest = packs.get(INTERNATIONAL, ())
    found: list[Help] = []
    for what in What:
        entries = [one for one in own if one.what is what] or [one for one in rest if one.what is what]
        found += sorted(entries, key=lambda one: not _speaks(one, language))
    return tuple(found)


def built_in() -> Packs:
    """The packs that ship with ringfence."""
    return parse(files("ringfence.guard.policies").joinpath("help.toml").read_text("utf-8"), "the help that ships")


def with_own(folder: Path) -> Packs:
    """The packs that ship, each country that a file of the folder names replaced by what stands there."""
    packs = dict(built_in())
    for file in sorted(folder.glob("*.toml")):
        own = parse(_text(file), str(file))
        if twice := own.keys() & _named_before(folder, file):
            what = f"{', '.join(sorted(twice))} stands in another file of the folder too"
            raise Fault(what, where=str(file), mend="keep each country in one file")
        packs.update(own)
    return packs


def parse(text: str, where: str) -> Packs:
    """Packs from TOML, or one Fault that lists everything wrong with it."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Fault(f"it is not readable as TOML ({error})", where=where, mend="mend that line") from error
    if faults := list(_faults(table)):
        raise Fault("; ".join(faults), where=where, mend="mend these (docs/help.md)")
    packs: dict[str, tuple[Help, ...]] = {}
    for entry in table["help"]:
        one = Help(**entry | {"what": What(entry["what"]), "languages": tuple(entry.get("languages", ()))})
        packs[one.country] = (*packs.get(one.country, ()), one)
    return packs


def _speaks(one: Help, language: str) -> bool:
    main = language.replace("_", "-").lower().partition("-")[0]
    return any(spoken.lower().partition("-")[0] == main for spoken in one.languages)


def _named_before(folder: Path, file: Path) -> set[str]:
    earlier = (other for other in folder.glob("*.toml") if other < file)
    return {country for other in earlier for country in parse(_text(other), str(other))}


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Fault("it cannot be read", where=str(file), mend="make it a readable UTF-8 file") from error


def _faults(table: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"unknown table or field {name}; use [[help]]" for name in sorted(table.keys() - {"help"}))
    entries = table.get("help")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        yield "there is no [[help]]; write at least one"
        return
    for number, entry in enumerate(entries, 1):
        yield from (f"help {number}: {fault}" for fault in _entry_faults(entry))


def _entry_faults(entry: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"unknown field {name}; use {', '.join(FIELDS)}" for name in sorted(entry.keys() - set(FIELDS)))
    if entry.get("what") not in list(What):
        yield f"what is {entry.get('what', 'missing')!r}; use one of {', '.join(What)}"
    if not _fits(COUNTRY, entry.get("country")) and entry.get("country") != INTERNATIONAL:
        yield f"country is {entry.get('country', 'missing')!r}; use two capital letters, or {INTERNATIONAL}"
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        yield f"name is {entry.get('name', 'missing')!r}; use up to {LONGEST_NAME} printable characters"
    yield from _contact_faults(entry)
    languages = entry.get("languages", [])
    if not isinstance(languages, list) or not all(_fits(LANGUAGE, language) for language in languages):
        yield f"languages is {languages!r}; use a list of tags such as en, de or pt-BR"
    checked = entry.get("checked", date.min)
    if not isinstance(checked, date) or isinstance(checked, datetime):
        yield f"checked is {str(checked)!r}; use a date without quotes, such as checked = 2026-11-26, or leave it out"


def _contact_faults(entry: Mapping[str, Any]) -> Iterator[str]:
    if not entry.get("url") and not entry.get("phone"):
        yield "it has neither url nor phone; give at least one"
    if entry.get("url") and not (_fits(ADDRESS, entry["url"]) and entry["url"].startswith("https:")):
        yield f"url is {entry['url']!r}; use an address that starts with https://"
    if entry.get("phone") and not _fits(PHONE, entry["phone"]):
        yield f"phone is {entry['phone']!r}; use digits with spaces or hyphens, and + for another country"
    if entry.get("source") and not _fits(ADDRESS, entry["source"]):
        yield f"source is {entry['source']!r}; use the address of a page"


def _fits(pattern: re.Pattern[str], text: object) -> bool:
    return isinstance(text, str) and pattern.fullmatch(text) is not None
