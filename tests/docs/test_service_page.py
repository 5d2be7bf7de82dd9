"""The pages on the service and on live say all that there is: paths, refusals, codes, series, fields and settings."""

import ast
import inspect
import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from ringfence.guard import current
from ringfence.guard.live.accounts import HITS, KNOWN, MINOR
from ringfence.guard.policies.policy import Cause, default_policy
from ringfence.guard.service import access_log, counters, metrics, refusals, requests, traces, wire
from ringfence.guard.service.access_log import Line
from ringfence.guard.service.api_keys import KEYS_MISSING, KEYS_UNREADABLE, Role
from ringfence.guard.service.application import Place, application
from ringfence.guard.service.counters import Board
from ringfence.guard.service.refusals import Kind
from ringfence.guard.service.replies import Decided, Judged, SlateSent
from ringfence.guard.service.routes import JSON_ROUTES, SLATE_ROUTE
from ringfence.ingest.streams.messages import Refusal
from ringfence.ingest.streams.nats_connection import SETTINGS
from ringfence.model.words import Surface, Table, Verdict
from ringfence.store import config

DOCS = Path(__file__).parents[2] / "docs"
SERVICE = (DOCS / "service.md").read_text()
LIVE = (DOCS / "live.md").read_text()
ROOT = Path(__file__).parents[2]
_CODE = re.compile(r"[a-z]+(_[a-z]+)+")


def missing(page: str, words: Iterable[object]) -> list[str]:
    return [str(word) for word in words if f"`{word}`" not in page]


def test_every_path_is_there(tmp_path: Path) -> None:
    app = application(Place(tmp_path, default_policy(), config.Guard()), Board(1), 0)
    app.desk.current.close()
    others = ("/", "/metrics", "/healthz", "/readyz", "/openapi.json")
    served = inspect.getsource(application.__globals__["_others"])
    assert sorted(re.findall(r'Route\("([^"]+)"', served)) == sorted(others)
    listed = re.findall(r"^\| `(/\S*)` \| (?:GET|POST) \|", SERVICE, re.MULTILINE)
    assert sorted(listed) == sorted((*app.paths, *others))


def test_every_field_of_a_request_and_of_an_answer_is_there() -> None:
    forms = [requests.Search, requests.Autocomplete, requests.Related, requests.Hashtag, requests.Tagged]
    fields = {name for form in (*forms, requests.Suggest, requests.Recommend) for name in form.__struct_fields__}
    watcher = requests.Watcher.__struct_encode_fields__
    answers = {name for form in (Decided, Judged, SlateSent) for name in form.__struct_fields__}
    assert not missing(SERVICE, {*fields, *watcher, *answers} | {*Surface, *Verdict})
    assert not missing(SERVICE, ("x-ringfence-deadline-ms", "x-request-start", "traceparent", "tracestate"))
    for limit in (requests.MOST_CANDIDATES, requests.LONGEST_ID):
        assert f"{limit:,}" in SERVICE


def test_every_example_of_a_request_is_one() -> None:
    rows = dict(re.findall(r"^\| `/v1/(\w+)` \|.*\| `(\{.*\})` \|$", SERVICE, re.MULTILINE))
    assert rows.keys() == {route.name for route in JSON_ROUTES}
    for route in JSON_ROUTES:
        route.read(rows[route.name].encode())


def test_every_example_of_an_answer_has_the_fields_of_one() -> None:
    told = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", SERVICE, re.DOTALL)]
    assert [*told[0]] == [*Decided.__struct_fields__]
    assert [*told[1]] == [*SlateSent.__struct_fields__]
    assert [*told[2]] == ["error", "degraded", "verdict"]


def test_every_refusal_is_there_with_its_status_and_cause() -> None:
    kinds = [kind for kind in vars(refusals).values() if isinstance(kind, Kind)]
    assert len(kinds) > len(refusals.KINDS)
    for kind in kinds:
        assert f"| `{kind.code}` | {kind.status.value} |" in SERVICE
        if kind in refusals.KINDS:
            (row,) = re.findall(rf"^\| `{kind.code}` \|.*$", SERVICE, re.MULTILINE)
            assert row.endswith(f"| `{kind.cause}` |")


def test_every_trouble_of_readiness_is_there() -> None:
    """Those that the follower of the folder writes as plain codes, and those of the keys."""
    found = {node.value for node in ast.walk(ast.parse(inspect.getsource(current))) if isinstance(node, ast.Constant)}
    codes = {code for code in found if isinstance(code, str) and _CODE.fullmatch(code)}
    assert {"no_snapshot", "replayed_delta", "loader_failed"} <= codes
    assert not missing(SERVICE, {*codes, KEYS_MISSING, KEYS_UNREADABLE, "draining"} - {"created_at"})


def test_every_series_is_there_with_its_labels() -> None:
    board = Board(1)
    row = board.counters(0)
    row.put("pid", 1)
    row.put("snapshot_created_at", 1)
    row.request(0, 0, 0, 1)
    text = metrics.text(board).decode()
    series = {name if kind != "counter" else f"{name.removesuffix('_total')}_total" for name, kind in types(text)}
    assert len(series) == len(metrics.SERIES) + len(metrics.TOTALS) + 7
    named = re.findall(r"^\| `(ringfence_guard_\w+)` \| (?:counter|gauge|histogram) \|", SERVICE, re.MULTILINE)
    assert sorted(named) == sorted(series)
    for name, _, labels, _ in metrics.SERIES:
        listed = ", ".join(f"`{label}`" for label in labels)
        assert f"| `ringfence_guard_{name}_total` | counter | {listed} |" in SERVICE
    assert not missing(SERVICE, (*counters.REASONS, *Cause))
    assert set(counters.ROUTES) == {route.name for route in JSON_ROUTES} | {SLATE_ROUTE, "other"}


def types(text: str) -> list[tuple[str, str]]:
    return [(name, kind) for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)]


def test_every_field_of_the_access_log_and_of_a_span_is_there() -> None:
    assert not missing(SERVICE, Line._fields)
    assert not missing(SERVICE, (f"`.{access_log.KEPT}`".strip("`"),))
    line = Line(0.0, "search", "search", 200, 1, {}, "", 1, "", "", "", "", "-")
    assert not missing(SERVICE, (*traces.attributes(line), "ringfence.verdicts.VERDICT"))


def test_the_layout_of_the_binary_slate_is_that_of_the_code() -> None:
    for names in (wire.SURFACES, wire.CAUSES[1:]):
        assert all(f"{number} `{name}`" in SERVICE for number, name in enumerate(names, names is not wire.SURFACES))
    assert ", ".join(f"{number} {name}" for number, name in enumerate(wire.VERDICTS)) in SERVICE
    assert f"| {wire.REQUEST_HEADER.size} on | candidates |" in SERVICE
    assert f"| {wire.ANSWER_HEADER.size} on | verdicts |" in SERVICE
    assert not missing(SERVICE, (wire.REQUEST_MAGIC.decode(), wire.ANSWER_MAGIC.decode()))
    assert str(wire.NO_VIEWER) in SERVICE


def test_every_role_and_setting_is_there() -> None:
    keys = [key for key, _, _ in config.settings()]
    assert not missing(SERVICE, Role)
    assert not missing(SERVICE.partition("\n## Settings\n")[2], [key for key in keys if key.startswith("guard.")])
    assert not missing(LIVE.partition("\n## Settings\n")[2], [key for key in keys if key.startswith("live.")])


def test_the_page_on_live_names_every_table_reason_signal_and_setting_of_a_broker() -> None:
    assert not missing(LIVE, (*Table, *Refusal, HITS, KNOWN, MINOR, *SETTINGS))


@pytest.mark.parametrize("page", [SERVICE, LIVE])
def test_what_the_pages_point_to_exists(page: str) -> None:
    for target, anchor in re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", page):
        text = (DOCS / target).read_text() if target else page
        headings = {re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-") for line in text.splitlines()}
        assert not anchor or anchor in headings, (target, anchor)
    for example in re.findall(r"`(examples/[\w.]+)`", page):
        assert (ROOT / example).is_file()
