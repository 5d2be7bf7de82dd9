import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ringfence.guard.policies.policy import default_policy
from ringfence.guard.service import openapi
from ringfence.guard.service.application import Application, Place, application
from ringfence.guard.service.counters import Board
from ringfence.guard.service.openapi import document
from ringfence.guard.snapshots import shelf
from ringfence.guard.snapshots.signing import Signer, trust
from ringfence.guard.snapshots.snapshot import Built
from ringfence.media.banks.bank import Bank, Remedy
from ringfence.media.banks.banks import Banks
from ringfence.media.items import Item, Page, Signal
from ringfence.model.words import HashKind
from ringfence.store.workspace import Workspace

DOCS = Path(__file__).parents[3] / "docs"
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.fixture(scope="module")
def app(make: Callable[..., Built], signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Application:
    workspace = Workspace.create(tmp_path_factory.mktemp("openapi") / "platform")
    with closing(Banks.of(workspace)) as banks:
        banks.add(Bank("kittiwake", action=Remedy.SUPPRESS))
        banks.land("kittiwake", Page((Item("one", (Signal(HashKind.PDQ, bytes(32)),)),), (), "", more=False))
    trust(workspace.snapshots, signer)
    shelf.publish(workspace.snapshots, make(["firecrest"], {"network:member": ["al"]}, {"lake": 0.9}), signer)
    settings = workspace.config.guard
    return application(Place(workspace.snapshots, default_policy(), settings, workspace=workspace), Board(1), 0)


@pytest.fixture(scope="module")
def described(app: Application) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("path", sorted(document()["paths"]))
def test_every_path_answers_as_it_is_described(described: Any, path: str, mode: GenerationMode) -> None:
    """What fits the description, and what does not, gets an answer that is described."""
    (method,) = document()["paths"][path]
    operation = described[path][method.upper()]

    @settings(deadline=None, max_examples=10, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    try:
        answers()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # nothing that is sent to these could be wrong


def test_the_copy_in_the_docs_is_current() -> None:
    told = "run: python -m ringfence.guard.service.openapi docs/openapi.json"
    assert (DOCS / "openapi.json").read_text() == openapi.written(), told


def test_it_describes_every_path_that_there_is(app: Application) -> None:
    assert {path for path in document()["paths"] if path.startswith("/v1/")} == set(app.paths) | {"/v1/match"}


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(document())
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(document()["components"]["schemas"])


def test_it_refuses_what_the_service_refuses() -> None:
    schemas = document()["components"]["schemas"]
    asked = [schema for name, schema in schemas.items() if "candidates" in schema.get("properties", {})]
    assert asked
    assert all(schema["additionalProperties"] is False for schema in asked)
    assert all(schema["properties"]["candidates"]["maxItems"] == 10_000 for schema in asked)
