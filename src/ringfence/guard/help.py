"""Which help exists where a viewer lives?"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Help:
    name: str
    what: str
    url: str = ""
    phone: str = ""


Packs = Mapping[str, tuple[Help, ...]]


def help_for(country: str, language: str, packs: Packs) -> tuple[Help, ...]:
    del language
    return packs.get(country, ())
