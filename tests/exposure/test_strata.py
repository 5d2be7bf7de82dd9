"""Does every stratum start where its rule says, and is one that has nobody named?"""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.exposure.measure import NEW_ACCOUNT, UNTIED, measure
from ringfence.exposure.recommenders.references import Kind, reference
from ringfence.exposure.simulate import Mask, keep_all, walk
from ringfence.exposure.strata import Strata, bridges, followed_by_minors, strata
from ringfence.graph.csr import Csr, from_pairs
from ringfence.store import events
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

ACCOUNTS = 60
MEMBERS, AUDIENCE = range(4), range(4, 24)
CHILDREN = (30, 31, 32)
BRIDGE, CHILD_BRIDGE, HUB, TAGGED = 40, 30, 41, 50
NOW = datetime(2026, 11, 2, tzinfo=UTC)


def graph(ties: list[tuple[int, int]]) -> Csr:
    src, dst = np.array(sorted(set(ties)), dtype=np.int64).T
    return from_pairs(src.astype(np.uint32), dst.astype(np.uint32), np.ones(len(src), np.float32), (ACCOUNTS, ACCOUNTS))


def mask(*accounts: int) -> Mask:
    return np.isin(np.arange(ACCOUNTS), accounts)


def planted() -> Csr:
    """The audience follows a member, an account and a child; everybody follows the hub; a child follows all sorts."""
    ties = [(one, one % 4) for one in AUDIENCE] + [(one, BRIDGE) for one in AUDIENCE]
    ties += [(one, CHILD_BRIDGE) for one in AUDIENCE] + [(one, HUB) for one in range(ACCOUNTS) if one != HUB]
    return graph([*ties, (30, 31), (30, 55), (31, 30), (32, 56), (32, 57)])


def test_bridges_are_whom_the_audience_follows_more_than_others_do() -> None:
    member, innocent = mask(*MEMBERS), ~mask(*MEMBERS, *CHILDREN)
    assert bridges(planted(), member, innocent).tolist() == [BRIDGE]  # neither members, nor a child, nor the hub
    fewer = graph([(one, one % 4) for one in AUDIENCE] + [(one, BRIDGE) for one in range(4, 8)])
    assert len(bridges(fewer, member, innocent)) == 0
    assert len(bridges(planted(), mask(), innocent)) == 0


@given(st.integers(0, 2**32))
def test_a_minor_stratum_starts_where_likely_minors_are_and_never_at_one(seed: int) -> None:
    found = followed_by_minors(planted(), mask(*CHILDREN), seed).tolist()
    assert 1 <= len(found) <= len(CHILDREN)
    assert set(found) <= {HUB, 55, 56, 57}
    assert found == followed_by_minors(planted(), mask(*CHILDREN), seed).tolist()


def account(number: int) -> dict[str, object]:
    return {"account_id": f"a{number:02}", "declared_age": 14 if number in CHILDREN else 30}


def post(number: int, who: int, *tags: str) -> dict[str, object]:
    at = NOW - timedelta(hours=number % 24)
    return {"post_id": f"p{number}", "account_id": f"a{who:02}", "text": "a bird", "hashtags": list(tags), "at": at}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Members use a risky tag, and two of them an innocent one beside it that many others use."""
    folder = tmp_path_factory.mktemp("platform")
    posts = [post(one, one, "firecrest") for one in MEMBERS] + [post(10, 10, "firecrest")]
    posts += [post(20 + one, one % 2, "kittiwake") for one in range(10)]  # a member is first on its page
    posts += [post(30 + one, TAGGED if one < 3 else one + 10, "kittiwake") for one in range(22)]
    posts += [post(60 + one, who, "smew") for one, who in enumerate((0, 1, 2, 51))]  # beside it too, and used by few
    posts += [post(70 + one, who, "dunlin") for one, who in enumerate((0, 1, 2, *range(51, 58)))]  # 3 of 10 members
    posts += [post(100 + one, one, "wren") for one in range(ACCOUNTS)]
    workspace = Workspace.create(folder / "workspace")
    pq.write_table(pa.Table.from_pylist([account(one) for one in range(ACCOUNTS)]), folder / "accounts.parquet")
    pq.write_table(pa.Table.from_pylist(posts), folder / "posts.parquet")
    load(workspace, [folder / "accounts.parquet", folder / "posts.parquet"])
    return workspace


def of(place: Workspace, follows: Csr, *members: int) -> Strata:
    with events.connect(place) as connection:
        return strata(connection, follows, np.array(members, dtype=np.uint32), 1)


def test_every_stratum_of_a_workspace_starts_by_its_rule(place: Workspace) -> None:
    found = of(place, planted(), *MEMBERS)
    assert list(found.starts) == ["bridge", "minor", NEW_ACCOUNT, "searcher"]
    assert found.starts["bridge"].tolist() == [BRIDGE]
    assert set(found.starts["minor"].tolist()) <= {HUB, 55, 56, 57}
    assert found.starts["searcher"].tolist() == [TAGGED]
    assert found.left_out == ()


def test_a_stratum_with_nobody_is_left_out_and_named(place: Workspace) -> None:
    found = of(place, graph([(50, 51)]), 59)
    assert list(found.starts) == [NEW_ACCOUNT]
    assert [line.split(":")[0] for line in found.left_out] == ["stratum bridge", "stratum minor", "stratum searcher"]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_new_account_is_shown_what_is_popular_and_then_what_it_clicked_leads_to(kind: Kind) -> None:
    suggest = reference(kind, planted())
    sessions = walk(suggest, keep_all, np.repeat(UNTIED, 2), np.zeros((2, 3)), first_viewer=ACCOUNTS)
    assert sessions.backfilled[:, 0].tolist() == [10, 10]
    assert sessions.slates[0, 0, 0] == sessions.followed[0, 0] == HUB
    assert (sessions.slates[0] == sessions.slates[1]).all()


def test_as_many_new_accounts_are_measured_as_are_wanted() -> None:
    members = np.array(MEMBERS, dtype=np.uint32)
    exposure = measure(planted(), members, members, {NEW_ACCOUNT: UNTIED}, 0, steps=2, test_accounts=7, viewers=5)
    assert [(one.name, one.test_accounts) for one in exposure.strata][2] == (NEW_ACCOUNT, 7)
