import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ringfence.discovery.minors import likely_minors
from ringfence.discovery.networks import Networks
from ringfence.discovery.roles import roles
from ringfence.graph.relations import Graph
from ringfence.model.words import Role

# a to f are members; x follows two of them, y one; d has all its joins in the other network.
PAIRS = [("x", "a"), ("x", "b"), ("y", "a"), ("a", "b"), ("a", "c"), ("d", "e"), ("d", "f")]
GRAPH = Graph.from_tables({"follows": pa.table({"src": [a for a, _ in PAIRS], "dst": [b for _, b in PAIRS]})})


def at(name: str) -> int:
    return int(GRAPH.find([name])[0])


def found() -> Networks:
    member_of = np.full(GRAPH.size, -1)
    member_of[[at(name) for name in "abcd"]] = 0
    member_of[[at(name) for name in "ef"]] = 1
    joins = ["ab", "ac", "bc", "de", "df", "cd", "ce"]
    first, second = (np.array([at(join[end]) for join in joins]) for end in (0, 1))
    member_of[at("c")] = 1  # c: a, b outside of its own; d too; e inside
    return Networks(member_of, ("net-1", "net-2"), first, second, np.full(len(joins), 2))


def named(minors: str = "") -> dict[str, Role | None]:
    flags = np.zeros(GRAPH.size, bool)
    flags[[at(name) for name in minors]] = True
    return dict(zip(GRAPH.accounts.to_pylist(), roles(GRAPH, found(), flags), strict=True))


def test_each_has_the_role_its_ties_give_it() -> None:
    assert named() == {
        "a": Role.PROMOTER,
        "b": Role.PROMOTER,
        "c": Role.BRIDGE,
        "d": Role.BRIDGE,
        "e": Role.PROMOTER,
        "f": Role.PROMOTER,
        "x": Role.AUDIENCE,
        "y": None,
    }


def test_a_likely_minor_is_that_before_anything_else_and_only_in_a_network() -> None:
    told = named("acxy")
    assert (told["a"], told["c"]) == (Role.LIKELY_MINOR, Role.LIKELY_MINOR)
    assert (told["x"], told["y"]) == (Role.AUDIENCE, None)


@pytest.mark.parametrize(
    ("age", "bio", "minor"),
    [
        (17, None, True),
        (18, None, False),
        (None, None, False),
        (40, "year 8, school band", True),
        (None, "Year 10 at the school by the lake", True),
        (None, "class 7b, I like owls", True),
        (None, "grade 12 choir", True),
        (None, "14, football and drawing", True),
        (None, "15yo who paints birds", True),
        (None, "walking and photos since 2015", False),
        (None, "35, gardener", False),
        (None, "year 2019 was a good one for swifts", False),
        (None, "first class baker", False),
        (None, "", False),
        (None, "13 and loves drawing", True),
        (None, "turning 14 soon", True),
        (None, "I'm 16, football", True),
        (None, "12 years old, guitar", True),
        (None, "guitar | 15 | chess", True),
        (None, "9 yrs old and learning the violin", True),
        (None, "7th grader, chess club", True),
        (None, "aged 17", True),
        (None, "\uff11\uff14, football", True),
        (None, "14 Jahre alt, Gitarre", True),
        (None, "bin 15 und mag Musik", True),
        (None, "Klasse 7b, Handball", True),
        (None, "tengo 14 años", True),
        (None, "13 años, fútbol", True),
        (None, "j'ai 13 ans", True),
        (None, "14 ans / danse", True),
        (None, "tenho 15 anos", True),
        (None, "7º ano, futebol", True),
        (None, "14 yaş\u0131nda, futbol", True),
        (None, "14歳、サッカー", True),
        (None, "عمري 15", True),
        (None, "10 years of cycling", False),
        (None, "class of 2012", False),
        (None, "married 12 years, two dogs", False),
        (None, "I am 10 minutes from the sea", False),
        (None, "I'm 12 miles from anywhere", False),
        (None, "year 2 of learning the piano", False),
        (None, "year 6 teacher", False),
        (None, "5th grade teacher", False),
        (None, "17 countries and counting", False),
        (None, "band of 12 people", False),
        (None, "open 10-16 on Sundays", False),
        (None, "10 Jahre Erfahrung mit Holz", False),
        (None, "seit 12 Jahren Gärtner", False),
        (None, "14 años de experiencia", False),
        (None, "15 ans d'expérience en cuisine", False),
        (None, "12 anos de estrada", False),
        (None, "top 10, always", False),
        (None, "25歳", False),
    ],
)
def test_a_child_is_read_from_age_and_profile(age: int | None, bio: str | None, minor: bool) -> None:  # noqa: FBT001 - a case's answer
    with duckdb.connect() as events:
        events.execute("CREATE TABLE accounts (id INTEGER, declared_age INTEGER, bio VARCHAR)")
        events.execute("INSERT INTO accounts VALUES (1, ?, ?)", [age, bio])
        assert likely_minors(events, 3).tolist() == [False, minor, False]
