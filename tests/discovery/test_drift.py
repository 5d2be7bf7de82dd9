import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ringfence.cli import drift as cli
from ringfence.discovery import drift, vetted
from ringfence.discovery.last_results import Run
from ringfence.model.faults import Fault
from ringfence.model.schemas import EVENTS, SCORES
from ringfence.model.words import Opinion, Table
from ringfence.store import audit
from ringfence.store.disk import write_whole
from ringfence.store.load import load
from ringfence.store.workspace import CONFIG, Workspace
from ringfence.terms.lexicon import Lexicon

AT = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNTS = [f"a{n:04}" for n in range(900)]
NETWORKS = {"net-1": ACCOUNTS[:10], "net-2": ACCOUNTS[10:20], "net-3": ACCOUNTS[20:30]}
AUDIENCE, SUPPORT, LONE = ACCOUNTS[100:130], ACCOUNTS[130:150], ACCOUNTS[30:34]
BY = "robin"
WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "bitternloft")


@dataclass
class Platform:
    """What is posted beside everyday words: an account's text and hashtags, row by row."""

    posts: list[tuple[str, str, list[str]]] = field(default_factory=list)
    ties: list[tuple[str, str]] = field(default_factory=list)
    labels: list[tuple[str, str, datetime]] = field(default_factory=list)

    def say(self, word: str, accounts: Sequence[str]) -> None:
        self.posts += [(account, f"good morning {word} and rain", []) for account in accounts]

    def written(self, folder: Path) -> Workspace:
        """Events loaded, and a discovery's result that names NETWORKS and AUDIENCE."""
        world = folder / "world"
        world.mkdir()
        chance = np.random.default_rng(5)
        topics = [" ".join(f"topic{n}" for n in chance.integers(0, 150, 6)) for _ in ACCOUNTS]
        everyday: list[tuple[str, str, list[str]]]
        everyday = [(one, f"good morning and rain, {said}", []) for one, said in zip(ACCOUNTS, topics, strict=True)]
        for table, rows in {
            Table.ACCOUNTS: [{"account_id": account} for account in ACCOUNTS],
            Table.POSTS: [
                {"post_id": f"p{n}", "account_id": one, "at": AT, "text": text, "hashtags": tags, "lang": "en"}
                for n, (one, text, tags) in enumerate(everyday + self.posts)
            ],
            Table.TIES: [{"src": src, "dst": dst, "relation": "follows"} for src, dst in self.ties],
            Table.LABELS: [
                {"account_id": one, "label": "support", "opinion": opinion, "at": at}
                for one, opinion, at in self.labels
            ],
        }.items():
            pq.write_table(pa.Table.from_pylist(rows, EVENTS[table]), world / f"{table}.parquet")
        workspace = Workspace.create(folder / "workspace")
        load(workspace, [world])
        return discovered(named(workspace))


def named(workspace: Workspace) -> Workspace:
    """The same workspace, with BY among those who may read."""
    file = workspace.path / CONFIG
    text = file.read_text().replace("drift_readers = []", f'drift_readers = ["wren", "{BY}"]')
    file.write_text(text)
    return Workspace.open(workspace.path)


def discovered(workspace: Workspace) -> Workspace:
    of = {member: network for network, members in NETWORKS.items() for member in members}
    rows = [
        {"account_id": one, "rank": n, "score": 1.0, "network_id": of.get(one), "role": role(one, of)}
        for n, one in enumerate(reversed(ACCOUNTS))
    ]
    workspace.results.mkdir()
    pq.write_table(pa.Table.from_pylist(rows, SCORES), workspace.results / "scores.parquet")
    run = Run("m", "", (), 0, 0, AT, len(ACCOUNTS), 0, 30, 3)
    write_whole(workspace.results / "run.json", msgspec.json.encode(run))
    return workspace


def role(account: str, of: dict[str, str]) -> str | None:
    return "promoter" if account in of else "audience" if account in AUDIENCE else None


def spread_over_networks(each: int) -> list[str]:
    return [member for members in NETWORKS.values() for member in members[:each]]


@pytest.fixture
def platform() -> Platform:
    return Platform()


def words(workspace: Workspace) -> list[str]:
    return list(drift.read(workspace, BY)["word"].to_pylist())


def test_words_that_networks_share_are_found_whatever_their_spelling(platform: Platform, tmp_path: Path) -> None:
    users = spread_over_networks(3)
    for user, form in zip(users, ["Bitternloft", "#BITTERNLOFT", WIDE, "bittern\u200bloft"] * 3, strict=False):
        platform.say(form, [user])
    platform.posts += [(user, "", ["SmewCovey"]) for user in users]
    for user, form in zip(users, ["🪺🐣", "🪺\ufe0f🐣", "🪺\u200d🐣"] * 3, strict=False):
        platform.say(form, [user])
    assert words(platform.written(tmp_path)) == ["bitternloft", "smewcovey", "🪺🐣"]


def test_one_loud_account_one_network_tied_networks_and_the_audience(platform: Platform, tmp_path: Path) -> None:
    platform.say("loud", NETWORKS["net-1"][:1] * 200)
    platform.say("inhouse", NETWORKS["net-1"])
    platform.say("tied", [*NETWORKS["net-1"][:4], *NETWORKS["net-2"][:4]])
    platform.say("apart", [*NETWORKS["net-2"][:4], *NETWORKS["net-3"][:4], *AUDIENCE])
    # Three of ten accounts on either side make one network of two. An account that follows everybody does not.
    platform.ties = list(zip(NETWORKS["net-2"][7:], NETWORKS["net-1"][7:], strict=True))
    platform.ties += [(NETWORKS["net-3"][0], member) for member in NETWORKS["net-2"]]
    platform.ties += [(NETWORKS["net-2"][0], ACCOUNTS[600])]
    assert words(platform.written(tmp_path)) == ["apart"]


def test_vetted_seeds_outside_every_network_are_clusters_of_their_own(platform: Platform, tmp_path: Path) -> None:
    platform.say("kittiwakeden", LONE)
    workspace = platform.written(tmp_path)
    assert words(workspace) == []
    vetted.add(workspace, LONE, Opinion.POSITIVE, "test")
    assert words(workspace) == ["kittiwakeden"]
    vetted.add(workspace, LONE[:1], Opinion.DISPUTED, "test")
    assert words(workspace) == []


def test_words_of_support_accounts_are_hidden_while_the_label_holds(platform: Platform, tmp_path: Path) -> None:
    users = spread_over_networks(4)
    platform.say("reported", [*users, *SUPPORT[:3]])
    platform.say("retracted", [*users, *SUPPORT[18:]])
    earlier = datetime(2026, 1, 1, tzinfo=UTC)
    platform.labels = [(account, "positive", AT) for account in SUPPORT[:18]]
    platform.labels += [(account, "negative", AT) for account in SUPPORT[18:]]
    platform.labels += [(account, "positive", earlier) for account in SUPPORT[18:]]
    assert words(platform.written(tmp_path)) == ["retracted"]


def test_words_that_hold_a_term_of_the_lexicon_are_left_out(platform: Platform, tmp_path: Path) -> None:
    users = spread_over_networks(4)
    for word in ("firecrest", "FirecrestNest", "new_firecrest", "dunlincovey"):
        platform.posts += [(user, "", [word]) for user in users]
    workspace = platform.written(tmp_path)
    assert "firecrest" in words(workspace)
    Lexicon.from_terms(["Firecrest"]).write(workspace.lexicon_file)
    left = words(workspace)
    assert "dunlincovey" in left
    assert not {"firecrest", "new_firecrest"} & set(left)


def test_a_reader_who_is_not_named_reads_nothing(platform: Platform, tmp_path: Path) -> None:
    workspace = platform.written(tmp_path)
    for stranger in ("magpie", "", "robi", BY.upper()):
        with pytest.raises(Fault, match=r"drift_readers in .*ringfence\.toml"):
            drift.read(workspace, stranger)
    assert audit.read(workspace) == ()


def test_every_read_is_audited_and_none_goes_ahead_without(platform: Platform, tmp_path: Path) -> None:
    workspace = platform.written(tmp_path)
    drift.read(workspace, BY)
    (entry,) = audit.read(workspace)
    assert (entry.who, entry.action) == (BY, audit.Action.DRIFT_READ)
    workspace.audit_file.unlink()
    workspace.audit_file.mkdir()
    with pytest.raises(Fault):
        drift.read(workspace, BY)


def test_before_a_discovery_there_is_nothing_to_read(tmp_path: Path) -> None:
    workspace = named(Workspace.create(tmp_path / "here"))
    with pytest.raises(Fault, match="ringfence discover"):
        drift.read(workspace, BY)


def test_the_command_says_what_it_found_and_that_it_is_no_term(platform: Platform, tmp_path: Path) -> None:
    platform.say("bitternloft", spread_over_networks(4))
    platform.say("smewcovey", spread_over_networks(3))
    workspace = platform.written(tmp_path)
    app = typer.Typer()
    app.command()(cli.command)
    here = ["--workspace", str(workspace.path)]
    told = CliRunner().invoke(app, ["--by", BY, "--most", "1", *here])
    assert told.exit_code == 0
    assert "bitternloft" in told.output
    assert "smewcovey" not in told.output
    assert "1 more" in told.output
    assert "Nothing enters a lexicon by itself" in told.output
    answer = json.loads(CliRunner().invoke(app, ["--by", BY, "--json", *here]).output)
    assert [row["word"] for row in answer["candidates"]] == ["bitternloft", "smewcovey"]
    assert answer["candidates"][0]["flagged_accounts"] == 12
    refused = CliRunner().invoke(app, ["--by", "magpie", *here])
    assert isinstance(refused.exception, Fault)
    assert "bitternloft" not in refused.output
    assert [entry.who for entry in audit.read(workspace)] == [BY, BY]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as own:
        own.execute("CREATE TABLE posts (account UINTEGER, text VARCHAR, hashtags VARCHAR[], repost_of VARCHAR)")
        yield own


@pytest.mark.parametrize(
    ("text", "hashtags", "expected"),
    [
        ("Twite, twite; TWITE!", ["#twite"], {"twite"}),
        ("see https://example.org/twite @dunlin @dunlin@example.org now", None, {"see", "now"}),
        ("a 7 an 77", None, {"an", "77"}),
        ("ﬁeldfare ﬁeldfare", None, {"fieldfare"}),
        ("straße STRASSE", None, {"strasse"}),
        ("cafe\u0301", ["café"], {"café"}),
        ("हिन्दी", None, {"हिन्दी"}),
        ("👩\u200d👧 👩👧", None, {"👩👧"}),
        ("👍🏽👍", None, {"👍🏽👍"}),
        ("ko\u00adbi tw\u202eite", None, {"kobi", "twite"}),
        ("tw\x1b[31mite", ["du\nnlin"], {"tw", "31mite", "du", "nlin"}),
        ("x" * 65 + " " + "y" * 64, None, {"y" * 64}),
        (None, None, set()),
        ("", [], set()),
        ("'; DROP TABLE posts; --", ["$1"], {"drop", "table", "posts"}),
    ],
)
def test_how_a_text_is_cut_into_words(
    connection: duckdb.DuckDBPyConnection, text: str | None, hashtags: list[str] | None, expected: set[str]
) -> None:
    connection.execute("INSERT INTO posts VALUES (3, ?, ?, NULL), (4, 'copied', NULL, 'p0')", [text, hashtags])
    rows = drift.uses(connection).to_pylist()
    assert {row["word"] for row in rows} == expected
    assert len(rows) == len(expected), "each pair once"
    assert {row["account"] for row in rows} <= {3}


LANGUAGE_WORDS_FLAGGED = st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 9).map(lambda n: n == 0))


@given(st.lists(LANGUAGE_WORDS_FLAGGED, min_size=1, max_size=200))
def test_a_stratum_is_one_language_with_background_enough_or_the_rest(rows: list[tuple[int, int, bool]]) -> None:
    language, said, flagged = (np.array(column) for column in zip(*rows, strict=True))
    number = drift.strata(language.astype(np.int64), said.astype(np.int64), flagged.astype(bool))
    mixed = {one for one in number if len(set(language[(number == one) & (said > 0)])) > 1}
    assert len(mixed) <= 1
    for one in set(number) - mixed:
        here = (number == one) & (said > 0)
        enough = (here & ~flagged).sum() >= drift.BACKGROUND_EACH * (here & flagged).sum()
        assert enough or one == 4 * (language.max() + 1), "only the rest may be short"
