from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ringfence.discovery.opinions import Act, Entry, Standing
from ringfence.discovery.seeds import NothingToStart, seeds
from ringfence.discovery.starts import Starts, starts
from ringfence.graph.relations import Graph
from ringfence.model.faults import Fault
from ringfence.model.schemas import SIGNALS
from ringfence.model.words import Opinion, SeedKind
from ringfence.terms.lexicon import Lexicon

AT = datetime(2026, 1, 1, tzinfo=UTC)
SHA, MD5, PDQ = "ab" * 32, "cd" * 16, "ef" * 32


def standing(kind: SeedKind, seed: str, opinion: Opinion = Opinion.POSITIVE, *, expired: bool = False) -> Standing:
    return Standing(kind, seed, opinion, expired, AT, Entry(kind, seed, Act.ADD, opinion, "", "wren", AT))


@pytest.fixture
def events() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE account_ids AS SELECT 'a' || i AS account_id, i::UINTEGER AS id FROM range(6) t(i)"
        )
        connection.execute(
            "CREATE TABLE reports AS SELECT * FROM (VALUES ('r1', 'a4'), ('r2', 'elsewhere')) t(report_id, target)"
        )
        connection.execute(
            """
            CREATE TABLE posts AS SELECT account::UINTEGER AS account, hashtags, media FROM (VALUES
                (1, ['#FireCrest', 'smew'], [{'sha256': $sha, 'md5': NULL, 'pdq': NULL}]),
                (2, ['firecrest'], [{'sha256': NULL, 'md5': upper($md5), 'pdq': NULL}]),
                (2, ['firecrest'], [{'sha256': upper($sha), 'md5': NULL, 'pdq': $pdq}]),
                (3, NULL, NULL)) t(account, hashtags, media)
            """,
            {"sha": SHA, "md5": MD5, "pdq": PDQ},
        )
        yield connection


def test_each_kind_of_seed_is_the_accounts_behind_it(events: duckdb.DuckDBPyConnection) -> None:
    given = [
        standing(SeedKind.ACCOUNT, "a0"), standing(SeedKind.REPORT, "r1"), standing(SeedKind.TERM, "firecrest"),
        standing(SeedKind.MEDIA, SHA), standing(SeedKind.MEDIA, MD5), standing(SeedKind.MEDIA, PDQ),
    ]  # fmt: skip
    found = starts(events, given)
    assert found.accounts == ("a0", "a4")
    assert [users.tolist() for users in found.shared] == [[1, 2], [1, 2], [2], [2]]
    assert found.unknown == ()


def test_what_this_platform_has_nothing_of_is_named_and_starts_nothing(events: duckdb.DuckDBPyConnection) -> None:
    given = [
        standing(SeedKind.ACCOUNT, "a0"), standing(SeedKind.ACCOUNT, "kittiwake"), standing(SeedKind.REPORT, "r2"),
        standing(SeedKind.REPORT, "r9"), standing(SeedKind.TERM, "hoopoe"), standing(SeedKind.MEDIA, "00" * 16),
    ]  # fmt: skip
    found = starts(events, given)
    assert (found.accounts, found.shared) == (("a0",), ())
    assert found.unknown == ("account kittiwake", "report r2", "report r9", "term hoopoe", f"media {'00' * 16}")


def test_only_what_is_positive_and_lasts_is_started_from(events: duckdb.DuckDBPyConnection) -> None:
    given = [standing(SeedKind.ACCOUNT, f"a{n}", opinion) for n, opinion in enumerate(Opinion)]
    found = starts(events, [*given, standing(SeedKind.ACCOUNT, "a5", expired=True)])
    assert (found.accounts, found.negatives) == (("a0",), ("a1",))


@pytest.mark.parametrize("opinion", [one for one in Opinion if one is not Opinion.POSITIVE])
def test_a_term_that_was_turned_down_starts_nothing_even_where_the_lexicon_has_it(
    events: duckdb.DuckDBPyConnection, opinion: Opinion
) -> None:
    term = next(iter(Lexicon.from_terms(["Firecrest"])))
    rows = [
        {"account": 1, "term_id": one, "category": "illegal", "tier": "exact", "where": "text"}
        for one in (term.id, "other")
    ]
    found = starts(events, [standing(SeedKind.TERM, "firecrest", opinion)])
    assert found.shared == ()
    assert found.allowed(pa.Table.from_pylist(rows, SIGNALS))["term_id"].to_pylist() == ["other"]


def test_a_list_of_nothing_but_unknown_seeds_is_refused() -> None:
    nothing = SIGNALS.empty_table()
    with pytest.raises(Fault, match="account kittiwake is nothing of this platform"):
        Starts(unknown=("account kittiwake",)).refuse_unknown([], nothing)
    with pytest.raises(Fault, match="nor the 1 others"):
        Starts(unknown=("account kittiwake", "term smew")).refuse_unknown([], nothing)
    Starts(unknown=("account kittiwake",)).refuse_unknown(["a0"], nothing)
    Starts().refuse_unknown([], nothing)


def test_nobody_known_not_to_belong_is_started_from(graph: Graph) -> None:
    shared = [np.array([3, 5, 9]), np.array([5])]
    start = seeds(graph, ["m000"], negatives=[str(graph.accounts[5])], shared=shared)
    assert start.negatives.tolist() == [5]
    assert start.restarts.shape == (graph.size, 2)  # nothing is left of the second group
    assert start.restarts[[3, 5, 9], 1].tolist() == [0.5, 0.0, 0.5]
    with pytest.raises(Fault, match="'m000' is given as positive and as negative"):
        seeds(graph, ["m000", "m001"], negatives=["m000"])
    with pytest.raises(NothingToStart, match="no positive seed"):
        seeds(graph, [], negatives=["m000"])
    with pytest.raises(Fault, match="kittiwake"):
        seeds(graph, ["m000"], negatives=["kittiwake"])
