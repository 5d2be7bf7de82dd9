"""Does docs/recommenders.md name every recommender and count, and do its examples run on real parts?"""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from threading import Thread

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ringfence.exposure import recommenders as package
from ringfence.exposure.measure import Exposure
from ringfence.exposure.recommenders.endpoint import Answer, Question
from ringfence.exposure.recommenders.positions import Flaws
from ringfence.exposure.recommenders.troubles import Troubles
from ringfence.graph.csr import Csr
from ringfence.model.schemas import EVENTS
from ringfence.model.words import Table
from ringfence.store import events
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

PAGE = (Path(__file__).parents[3] / "docs" / "recommenders.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
WIRE = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
NOW = datetime(2026, 11, 2, tzinfo=UTC)
ACCOUNTS = 40


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A workspace of forty accounts that write of birds, search for them, and were shown one another."""
    folder = tmp_path_factory.mktemp("birds")
    workspace = Workspace.create(folder / "workspace")
    names = [f"a{number}" for number in range(ACCOUNTS)]
    rows: dict[Table, list[dict[str, object]]] = {
        Table.ACCOUNTS: [{"account_id": name} for name in names],
        Table.POSTS: [
            {"post_id": f"p{number}", "account_id": name, "at": NOW, "hashtags": ["Heron", "#lark"][: number % 2 + 1]}
            for number, name in enumerate(names[:9])
        ]
        + [{"post_id": "again", "account_id": "a7", "at": NOW, "repost_of": "p2"}],
        Table.SEARCHES: [{"at": NOW, "query": query, "surface": "search"} for query in ["Heron", "heron nest"] * 2],
        Table.IMPRESSIONS: [
            {"at": NOW, "surface": "suggestion", "viewer_id": "a3", "shown_id": name, "position": place}
            for place, name in ((0, "a5"), (2, "a9"))
        ],
    }
    for table, some in rows.items():
        pq.write_table(pa.Table.from_pylist(some, EVENTS[table]), folder / f"{table}.parquet")
        assert load(workspace, [folder / f"{table}.parquet"]).quarantined == 0
    with events.connect(workspace) as made:
        yield made


@pytest.fixture
def url() -> Iterator[str]:
    """A platform that answers as the page says."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["content-length"])))
            assert question.keys() == json.loads(WIRE[0]).keys()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(WIRE[1].encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def given(connection: duckdb.DuckDBPyConnection, url: str, tmp_path: Path) -> dict[str, object]:
    """What the page takes as given."""
    pq.write_table(
        pa.table({"viewer_id": ["a3"], "shown_id": ["a4"], "position": pa.array([1], pa.int32())}),
        tmp_path / "slates.parquet",
    )
    everybody = np.arange(ACCOUNTS, dtype=np.uint32)
    return {
        "follows": Csr(np.arange(ACCOUNTS + 1), np.roll(everybody, 1), np.ones(ACCOUNTS, np.float32), ACCOUNTS),
        "members": everybody[:4],
        "known": everybody[:3],
        "flagged": everybody < 3,
        "weights": np.full(ACCOUNTS, 0.5),
        "connection": connection,
        "url": url,
        "path": tmp_path / "slates.parquet",
    }


def test_the_examples_run_one_after_another(given: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    for example in EXAMPLES:
        exec(example, given)
    said = capsys.readouterr().out
    shown = {name: eval(name, given) for name in ("page.ids.tolist()", "page.scores.tolist()")}
    assert shown == {"page.ids.tolist()": [2, 0, 1, 3, 4, 5, 6, 7, 8], "page.scores.tolist()": [2] + [1] * 8}
    assert eval("completions.queries", given) == ("heron", "heron nest")
    assert "with_gaps=1" in said
    assert "errors=0, malformed=0" in said
    assert isinstance(given["exposure"], Exposure)
    suggest: Callable[..., object] = given["suggest"]  # type: ignore[assignment] # the page's last
    assert suggest(np.array([1], np.uint32), 2) is not None


def test_the_wire_form_is_that_of_the_code() -> None:
    assert json.loads(WIRE[0]).keys() == set(Question.__struct_fields__)
    assert json.loads(WIRE[1]).keys() == set(Answer.__struct_fields__)


@pytest.mark.parametrize("count", [field.name for kind in (Flaws, Troubles) for field in fields(kind)])
def test_every_count_is_there(count: str) -> None:
    assert f"\n| `{count}` | " in PAGE or count == "examples"


def test_every_recommender_and_adapter_is_there() -> None:
    modules = [import_module(f"{package.__name__}.{found.name}") for found in iter_modules(package.__path__)]
    asked = {
        name
        for module in modules
        for name, kind in vars(module).items()
        if inspect.isclass(kind)
        and kind.__module__ == module.__name__
        and inspect.isfunction(getattr(kind, "__call__", None))  # noqa: B004 - of instances
    }
    protocols = {"Recommender", "Platform"}
    assert {"FriendOfFriend", "Checked", "Logged", "PlatformEndpoint", "QueryCompletion"} <= asked
    assert not [name for name in asked - protocols - {"PerViewer"} if f"`{name}" not in PAGE]
