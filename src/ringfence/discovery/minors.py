"""Who may be a child? By the age that is declared, or by how a profile reads, in plain words of some languages."""

import re
from unicodedata import normalize

import duckdb
import numpy as np
from numpy.typing import NDArray

ADULT = 18

# An age that stands alone between these says how old somebody is; "10 years of cycling" and "class of 2012" do not.
START, END = r"(?:^|[,|•·/;()\n.!\u2013\u2014-])\s*", r"\s*(?:$|[,|•·/;()\n.!&\u2013\u2014-]|(?:and|und|et|y|e|ve)\b)"
AGE, TEEN, YEAR = r"(?:[5-9]|1[0-7])", r"1[0-7]", r"(?:[1-9]|1[0-3])"
# How a profile reads that a child may have written, in plain words of some languages.
CHILD = re.compile(
    "|".join(
        (
            rf"{START}{TEEN}{END}",
            rf"\b{AGE}\s?(?:yo|y/o|y\.o\.|yrs?\s+old|years?[\s-]+old|years?\s+young)\b",
            rf"\b(?:i'?m|i\s+am|age|aged|turning|almost|nearly|just\s+turned)\s+{TEEN}\b(?!\s+(?:years?|minutes?|hours?|days?|weeks?|months?|km|miles?)\b(?!\s+old))",
            rf"\b(?:year|grade|class|form)\s?{YEAR}[a-z]?\b(?!\s+(?:of|teacher|driver|lorry|licen[cs]e)\b)",
            rf"\b{YEAR}(?:st|nd|rd|th)\s+(?:grade|grader|form)\b(?!\s+teacher)",
            rf"\b(?:bin|werde)\s+{TEEN}\b(?!\s+jahre\s+(?!alt))|\b{AGE}\s+jahre\s+alt\b|{START}{AGE}\s+jahre{END}",
            rf"\bklasse\s?{YEAR}[a-e]?\b|\b{YEAR}\.?\s?klasse\b(?!\s?nlehrer)",
            rf"\b(?:tengo|tenho|j['\u2019]ai)\s+{AGE}\s+(?:años|anos|ans)\b(?!\s+d)|{START}{AGE}\s+(?:años|anos|ans){END}",
            r"\b[1-4]\s?[ºo°]\s?(?:de\s+)?eso\b|\b[5-9]\s?[ºo°]\s?ano\b|\ben\s+[3-6](?:e|è|ème|eme)\b",
            rf"\b{AGE}\s+yaş[\u0131i]nda\b|\b{YEAR}\.\s?s[\u0131i]n[\u0131i]f\b",
            rf"(?<!\d){AGE}\s?[歳才](?!以上)|[小中高]学?校?\s?[1-6]年?(?:生|$|\s|、|,)",
            rf"(?:عمري|عمرها|عمره)\s+{AGE}|{START}{AGE}\s+(?:سنة|سنوات){END}",
        )
    ),
    re.IGNORECASE,
)


def likely_minors(events: duckdb.DuckDBPyConnection, size: int) -> NDArray[np.bool_]:
    """Accounts that declare an age under 18, or whose profile reads as a child's. When in doubt, it is a child."""
    minors = np.zeros(size, dtype=bool)
    for account, age, bio in events.execute("SELECT id, declared_age, bio FROM accounts").fetchall():
        minors[account] = is_likely_minor(age, bio)
    return minors


def is_likely_minor(age: int | None, bio: str | None) -> bool:
    """The same of one account, by the age it declares and its profile."""
    return (age is not None and age < ADULT) or bool(bio and CHILD.search(normalize("NFKC", bio)))
