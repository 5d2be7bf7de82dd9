"""What does each account do in its network? Likely minors are told apart first: they go to care, whatever they did."""

import re
from unicodedata import normalize

import duckdb
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ringfence.discovery.networks import Networks
from ringfence.graph.relations import Graph
from ringfence.model.words import Relation, Role

# A bridge has at least BRIDGE_JOINS joins outside its own network, and of all the things that join it to members at
# least this share joins it to one other network. Chosen on generated platforms with seeds below 100, where it told
# bridges apart better than the share outside or the participation coefficient.
BRIDGE_JOINS, BRIDGE_SHARE = 3, 0.25
# An audience account follows at least so many members and is none.
FOLLOWED = 2
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


def roles(graph: Graph, found: Networks, minors: NDArray[np.bool_]) -> list[Role | None]:
    """One role an account, None for those that have no part in any network."""
    member = found.member_of >= 0
    named: list[Role | None] = [None] * graph.size
    for account in np.flatnonzero(_audience(graph, member)):
        named[account] = Role.AUDIENCE
    bridge = _bridges(graph.size, found)
    for account in np.flatnonzero(member):
        named[account] = Role.BRIDGE if bridge[account] else Role.PROMOTER
        if minors[account]:
            named[account] = Role.LIKELY_MINOR
    return named


def likely_minors(events: duckdb.DuckDBPyConnection, size: int) -> NDArray[np.bool_]:
    """Accounts that declare an age under 18, or whose profile reads as a child's. When in doubt, it is a child."""
    minors = np.zeros(size, dtype=bool)
    for account, age, bio in events.execute("SELECT id, declared_age, bio FROM accounts").fetchall():
        minors[account] = (age is not None and age < ADULT) or bool(bio and CHILD.search(normalize("NFKC", bio)))
    return minors


def _audience(graph: Graph, member: NDArray[np.bool_]) -> NDArray[np.bool_]:
    followed = np.zeros(graph.size, dtype=np.int64)
    for ties in graph.relations:
        if ties.relation is Relation.FOLLOWS:
            matrix = ties.forward
            followed += np.bincount(matrix.sources(), weights=member[matrix.targets], minlength=graph.size).astype(int)
    return np.asarray((followed >= FOLLOWED) & ~member)


def _bridges(size: int, found: Networks) -> NDArray[np.bool_]:
    ends = np.concatenate([found.first, found.second])
    others = np.concatenate([found.second, found.first])
    pieces = np.tile(found.pieces, 2)
    outside = found.member_of[ends] != found.member_of[others]
    each = (ends[outside], found.member_of[others[outside]])
    to_one = sp.coo_matrix((pieces[outside], each), (size, max(1, len(found.ids)))).tocsr().max(axis=1)
    strongest = np.asarray(to_one.toarray()).ravel()
    enough = np.bincount(ends[outside], minlength=size) >= BRIDGE_JOINS
    return np.asarray(enough & (strongest >= BRIDGE_SHARE * np.bincount(ends, weights=pieces, minlength=size)))
