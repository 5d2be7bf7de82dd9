"""What is drawn is what there is: every member once, every pair once, and nobody who is set apart is left out."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.graph.stores import NAMES, store

from ringfence.cases.cases import Case
from ringfence.cases.members import Member, Standing
from ringfence.cases.tied import Tied
from ringfence.cases.ties import Pairs
from ringfence.console import network
from ringfence.console.network import Network, Picture
from ringfence.model.words import Table

AT = datetime(2026, 11, 1, tzinfo=UTC)
APART = (Standing.LIKELY_MINOR, Standing.PROTECTED)


def whole(size: int, ends: list[tuple[int, int]], standings: dict[int, Standing] | None = None) -> Network:
    members = tuple(
        Member(f"a{place}", (standings or {}).get(place, Standing.ABOVE), place + 1, 1.0, None, None, (), (), (), AT)
        for place in range(size)
    )
    first, second = (np.array([pair[end] for pair in sorted(ends)], np.int64) for end in (0, 1))
    pairs = Pairs(first, second, np.ones(len(ends), np.int64), np.arange(len(ends), dtype=np.float64) + 1)
    return Network(members, Tied("of", tuple(one.account_id for one in members), pairs, b""), np.zeros((size, 2)))


def named(picture: Picture) -> set[tuple[str, str]]:
    names, edges = picture.nodes.id, picture.edges
    return {(names[one], names[other]) for one, other in zip(edges.a, edges.b, strict=True)}


def test_a_part_has_the_pairs_among_its_members_and_says_how_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "FIRST", 3)
    made = whole(6, [(0, 1), (1, 5), (2, 3), (4, 5)], {5: Standing.LIKELY_MINOR})
    part = network.picture(made, network.first(made))
    assert part.nodes.id == ["a0", "a1", "a5"]
    assert named(part) == {("a0", "a1"), ("a1", "a5")}
    assert (part.members, part.pairs, part.nodes.degree) == (6, 4, [1, 2, 2])
    every = network.picture(made, network.everybody(made))
    assert len(every.nodes.id) == 6
    assert named(every) == {("a0", "a1"), ("a1", "a5"), ("a2", "a3"), ("a4", "a5")}


@pytest.mark.parametrize("standing", APART)
def test_who_is_set_apart_is_drawn_first_whatever_the_rank(standing: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "FIRST", 2)
    made = whole(9, [], {8: standing})
    assert network.first(made).tolist() == [0, 8]


def test_a_member_grows_into_all_it_is_tied_to_and_tells_of_the_strongest_first() -> None:
    made = whole(5, [(0, 1), (0, 3), (2, 3), (3, 4)])
    assert network.around(made, 3).tolist() == [0, 2, 3, 4]
    assert network.around(made, 1).tolist() == [0, 1]
    assert [one.account_id for one, _ in network.strongest(made, 3, 2)] == ["a4", "a2"]
    assert made.place_of("a3") == 3
    assert made.place_of("gone") is None


def test_places_are_kept_for_what_is_known_and_for_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = store(tmp_path, {Table.ACCOUNTS: [{"account_id": name} for name in NAMES]})
    case = Case("case-1", *[None] * 22)  # type: ignore[arg-type]  # nothing else of it is looked at
    members = [Member(name, Standing.ABOVE, 1, 1.0, None, None, (), (), (), AT) for name in NAMES]
    made = network.network(workspace, case, members)
    monkeypatch.setattr(network, "places", lambda *_: np.full((len(NAMES) - 1, 2), 7.0))
    assert (network.network(workspace, case, members).places == made.places).all()
    fewer = network.network(workspace, case, members[1:])
    assert (fewer.places == 7).all()
    assert [one.account_id for one in fewer.members] == NAMES[1:]
    (workspace.case_ties / "case-1.places").write_bytes(b"spoilt")
    assert (network.network(workspace, case, members[1:]).places == 7).all()


def test_a_case_without_members_has_an_empty_map(tmp_path: Path) -> None:
    workspace = store(tmp_path, {Table.ACCOUNTS: [{"account_id": "wren"}]})
    case = Case("case-1", *[None] * 22)  # type: ignore[arg-type]  # as above
    made = network.network(workspace, case, [])
    told = network.picture(made, network.first(made))
    assert (told.members, told.nodes.id, told.edges.a) == (0, [], [])
