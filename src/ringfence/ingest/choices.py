"""Which name was meant? A misspelt word is answered with the nearest valid one and all the others."""

from collections.abc import Iterable
from difflib import get_close_matches


def choices(word: str, valid: Iterable[str]) -> str:
    """The end of a Fault's remedy: the nearest of `valid`, if any is near, and the whole list."""
    names = [str(name) for name in valid]
    near = get_close_matches(word, names, n=1)
    listed = f"use one of {', '.join(names)}" if names else "there is nothing to choose from"
    return f"did you mean {near[0]!r}? {listed}" if near else listed
