"""How is the service described to programs? As OpenAPI 3.1, from the same types that read and write its bodies."""

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from ringfence.guard.service import requests
from ringfence.guard.service.refusals import KINDS, Refused
from ringfence.guard.service.replies import Decided, SlateSent
from ringfence.guard.service.requests import Id, Number
from ringfence.media.match import Answer
from ringfence.media.queries import MediaQuery

# Raised when the meaning of a path or field changes; a new one is no reason.
API_VERSION = "1"
JSON_TYPE, LINES_TYPE, BYTES_TYPE = "application/json", "application/x-ndjson", "application/octet-stream"

# Path, what it asks, what may be sent, what is answered.
DECISIONS: tuple[tuple[str, str, tuple[type, ...], type], ...] = (
    ("search", "May this query be answered?", (requests.Search,), Decided),
    ("autocomplete", "Which completions may be offered?", (requests.Autocomplete,), SlateSent),
    ("related", "Which searches may be offered beside a query?", (requests.Related,), SlateSent),
    ("hashtag", "May this hashtag's page be shown?", (requests.Hashtag,), Decided),
    ("tags", "Which hashtags may be listed?", (requests.Tagged,), SlateSent),
    (
        "suggest",
        "Which accounts may be suggested?",
        (requests.Suggest[Id], requests.Suggest[Number]),
        SlateSent,
    ),
    (
        "recommend",
        "Which posts or accounts may be recommended?",
        (requests.Recommend[Id], requests.Recommend[Number]),
        SlateSent,
    ),
)
_FORM = re.compile(r"_typing\.Annotated_(str|int)_\w*(?:\.\w*)*")
_FORMS = {"str": "Names", "int": "Numbers"}
HEADERS = (
    (
        "x-ringfence-deadline-ms",
        "Milliseconds that an answer is of use for.",
        {"type": "integer", "minimum": 1, "maximum": 60_000},
    ),
    ("x-request-start", "When the first proxy saw the request: t= and seconds since 1970.", {"type": "string"}),
)
READINESS = {
    "type": "object",
    "properties": {
        "ready": {"type": "boolean"},
        "trouble": {"type": "string"},
        "policy_version": {"type": "string"},
        "snapshot_version": {"type": "string"},
    },
    "required": ["ready", "trouble", "policy_version", "snapshot_version"],
}


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    others: set[type] = {Refused, MediaQuery, Answer}
    types = sorted({kind for _, _, asked, told in DECISIONS for kind in (*asked, told)} | others, key=str)
    references, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    references, components = _named((references, components))
    named = dict(zip(types, references, strict=True))
    paths = {f"/v1/{name}": _decision(name, summary, asked, told, named) for name, summary, asked, told in DECISIONS}
    paths["/v1/slate"] = _slate(named)
    paths["/v1/match"] = _match(named)
    paths |= _others(named)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ringfence guard",
            "version": API_VERSION,
            "description": "docs/service.md is the reference.",
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "rfk_ID_SECRET"}},
        },
    }


def _named(described: Any) -> Any:
    """The same with the two forms of a slate called after what is in them, which msgspec spells out in full."""
    return json.loads(_FORM.sub(lambda found: _FORMS[found[1]], json.dumps(described)))


def written() -> str:
    """The document as docs/openapi.json has it."""
    return msgspec.json.format(msgspec.json.encode(document())).decode() + "\n"


def _decision(
    name: str, summary: str, asked: tuple[type, ...], told: type, named: dict[type, dict[str, Any]]
) -> dict[str, Any]:
    body = named[asked[0]] if len(asked) == 1 else {"anyOf": [named[kind] for kind in asked]}
    return {"post": _operation(name, summary, JSON_TYPE, body, named[told], named)}


def _slate(named: dict[type, dict[str, Any]]) -> dict[str, Any]:
    body = {"type": "string", "format": "binary"}
    return {"post": _operation("slate", "Which verdict has each number of a slate?", BYTES_TYPE, body, body, named)}


def _match(named: dict[type, dict[str, Any]]) -> dict[str, Any]:
    """One query as an object, or many with one a line and an answer a line."""
    operation = _operation("match", "What is known of media?", JSON_TYPE, named[MediaQuery], named[Answer], named)
    lines = {LINES_TYPE: {"schema": {"type": "string"}}}
    operation["requestBody"]["content"] |= lines
    operation["responses"]["200"]["content"] |= lines
    return {"post": {**operation, "parameters": []}}


def _operation(
    name: str, summary: str, media: str, body: dict[str, Any], answer: dict[str, Any], named: dict[type, dict[str, Any]]
) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "security": [{}, {"key": []}],
        "parameters": [
            {"name": header, "in": "header", "description": told, "schema": schema} for header, told, schema in HEADERS
        ],
        "requestBody": {"required": True, "content": {media: {"schema": body}}},
        "responses": {
            "200": _answer("The answer; `degraded` says if it is not decided as asked.", media, answer),
            **_refusals(named),
        },
    }


def _refusals(named: dict[type, dict[str, Any]]) -> dict[str, Any]:
    """Each status with what it means; the body is the same for all."""
    told: dict[str, list[str]] = {}
    for kind in KINDS:
        told.setdefault(str(kind.status.value), []).append(f"{kind.code}: {kind.what}")
    return {status: _answer("; ".join(codes), JSON_TYPE, named[Refused]) for status, codes in sorted(told.items())}


def _others(named: dict[type, dict[str, Any]]) -> dict[str, Any]:
    alive = {"type": "object", "properties": {"ok": {"const": True}}, "required": ["ok"]}
    failed = {"500": _answer("internal", JSON_TYPE, named[Refused])}
    ready = {
        "200": _answer("It decides from a snapshot.", JSON_TYPE, READINESS),
        "503": _answer("It does not, or is about to end; `trouble` says why.", JSON_TYPE, READINESS),
    }
    scraped = {
        "200": _answer("Prometheus's text format.", "text/plain", {"type": "string"}),
        "401": _answer("unauthorised", JSON_TYPE, named[Refused]),
        "403": _answer("forbidden", JSON_TYPE, named[Refused]),
    }
    return {
        "/healthz": {"get": _get("alive", "Is it there?", {"200": _answer("It is.", JSON_TYPE, alive), **failed})},
        "/readyz": {"get": _get("ready", "Does it decide?", {**ready, **failed})},
        "/metrics": {
            "get": {**_get("metrics", "What has it counted?", {**scraped, **failed}), "security": [{}, {"key": []}]}
        },
    }


def _get(name: str, summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    return {"operationId": name, "summary": summary, "responses": responses}


def _answer(told: str, media: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": told, "content": {media: {"schema": schema}}}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(written(), encoding="utf-8")
