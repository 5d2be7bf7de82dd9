"""What can a platform set, and to what is it set? `ringfence.toml` in the workspace says."""

import json
import tomllib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from ringfence.ingest.choices import choices
from ringfence.model.faults import Fault
from ringfence.store.config_cases import Cases, Enforcement
from ringfence.store.config_console import Console
from ringfence.store.config_media import Media, MediaClassifier, MediaFetch
from ringfence.store.strict import STRICT


class Ingest(BaseModel):
    model_config = STRICT
    undeclared_accounts: Annotated[
        Literal["quarantine", "accept"],
        Field(description="What happens to a row that names an account which no accounts row declares."),
    ] = "quarantine"
    chunk_rows: Annotated[
        int, Field(ge=1, description="How many rows of a file are committed at a time, at the most.")
    ] = 2_000_000


class Discovery(BaseModel):
    model_config = STRICT
    seed: Annotated[int, Field(ge=0, description="Where random choices start: the same seed, the same networks.")] = 0
    hold_unconfirmed_groups: Annotated[
        bool,
        Field(
            description="Whether accounts that rest on seeds of one person alone, with no support from other seeds, "
            "are held until a second person has vetted one of those seeds."
        ),
    ] = False
    prevalence: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            description="The share of all accounts that belong, where it is known; 0 is estimated from reviews.",
        ),
    ] = 0.0


class Lexicon(BaseModel):
    model_config = STRICT
    second_person: Annotated[
        bool, Field(description="Whether a lexicon waits until somebody other than its proposer activates it.")
    ] = False
    licence_required: Annotated[
        bool, Field(description="Whether a term that does not say under which licence it is used is refused.")
    ] = False
    drift_readers: Annotated[
        tuple[str, ...],
        Field(strict=False, description="Who may read the candidates for new code words, by the name given with --by."),
    ] = ()


class Guard(BaseModel):
    model_config = STRICT
    host: Annotated[str, Field(min_length=1, description="The address that the guard's service listens on.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=1, le=65535, description="The port that the guard's service listens on.")] = 8642
    workers: Annotated[int, Field(ge=1, le=64, description="How many processes answer on that port.")] = 1
    deadline_ms: Annotated[
        int,
        Field(
            ge=1,
            le=60_000,
            description="How long a request may have waited, where it does not say itself, before the policy's verdict "
            "for a missed deadline is the answer.",
        ),
    ] = 50
    body_timeout_ms: Annotated[
        int, Field(ge=10, le=60_000, description="How long a client may take to send a request's head or its body.")
    ] = 5_000
    body_limit: Annotated[
        int, Field(ge=1_000, le=100_000_000, description="How many bytes a request's body may have.")
    ] = 1_000_000
    max_in_flight: Annotated[
        int,
        Field(
            ge=1, le=100_000, description="How many requests a worker reads at a time; one more is told to come again."
        ),
    ] = 256
    max_connections: Annotated[
        int, Field(ge=2, le=1_000_000, description="How many connections a worker holds open; one more is closed.")
    ] = 4_096
    keep_alive_seconds: Annotated[
        int, Field(ge=1, le=3_600, description="How long a connection that asks nothing is kept open.")
    ] = 5
    drain_seconds: Annotated[
        int, Field(ge=1, le=600, description="How long the service may take to end once it is told to.")
    ] = 20
    drain_notice_ms: Annotated[
        int,
        Field(
            ge=0,
            le=60_000,
            description="How long it goes on taking connections after readiness has turned, so that load balancers "
            "notice.",
        ),
    ] = 2_000
    access_log: Annotated[
        str, Field(description="The file that gets one line a request, from the workspace; empty is none.")
    ] = ""
    access_log_bytes: Annotated[
        int, Field(ge=10_000, description="How large that file grows before it is set aside; four are kept.")
    ] = 100_000_000
    log_key_hours: Annotated[
        float,
        Field(
            gt=0, le=8_760, description="How long texts hash alike in the access log; their key is then gone for good."
        ),
    ] = 24.0
    traces: Annotated[
        bool, Field(description="Whether spans are sent to an OpenTelemetry collector, as its environment says.")
    ] = False
    tls_cert: Annotated[str, Field(description="The service's certificate, a PEM file; empty is no TLS.")] = ""
    tls_key: Annotated[str, Field(description="The private key of that certificate, a PEM file.")] = ""
    client_ca: Annotated[
        str, Field(description="Who signs the clients' certificates, a PEM file; each client must then show one.")
    ] = ""


class Store(BaseModel):
    model_config = STRICT
    memory_limit: Annotated[
        str,
        Field(pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$", description="The memory that queries may use before they use disk."),
    ] = "1GB"
    threads: Annotated[int, Field(ge=0, description="How many threads queries may use; 0 is one for each core.")] = 0


class Live(BaseModel):
    model_config = STRICT
    delta_seconds: Annotated[
        float, Field(ge=0.05, le=3600, description="How often the guard is told of new live signals, at the most.")
    ] = 0.5
    checkpoint_seconds: Annotated[
        float, Field(ge=0.05, le=3600, description="How often the place in the log is kept, at the most.")
    ] = 5.0
    most_users: Annotated[
        int,
        Field(ge=1_000, description="How many users of hashtags are remembered, about 200 bytes each."),
    ] = 1_000_000
    most_accounts: Annotated[
        int, Field(ge=1_000, description="How many accounts are remembered with hits, and how many as declared minors.")
    ] = 1_000_000
    connection_file: Annotated[
        str,
        Field(description="A TOML file with what the broker asks of its clients, from the workspace; empty is none."),
    ] = ""


class Config(BaseModel):
    model_config = STRICT
    ingest: Ingest = Ingest()
    lexicon: Lexicon = Lexicon()
    discovery: Discovery = Discovery()
    guard: Guard = Guard()
    store: Store = Store()
    live: Live = Live()
    media_fetch: MediaFetch = MediaFetch()

    media_classifier: MediaClassifier = MediaClassifier()
    media: Media = Media()

    cases: Cases = Cases()
    enforcement: Enforcement = Enforcement()
    console: Console = Console()


SECTIONS: Mapping[str, type[BaseModel]] = {
    "ingest": Ingest,
    "lexicon": Lexicon,
    "discovery": Discovery,
    "guard": Guard,
    "store": Store,
    "live": Live,
    "media_fetch": MediaFetch,
    "media_classifier": MediaClassifier,
    "media": Media,
    "cases": Cases,
    "enforcement": Enforcement,
    "console": Console,
}


def settings() -> tuple[tuple[str, Any, str], ...]:
    """Every setting as (section.name, default, one sentence), in the order the file has them."""
    return tuple(
        (f"{section}.{name}", field.default, field.description or "")
        for section, model in SECTIONS.items()
        for name, field in model.model_fields.items()
    )


def parse(text: str, *, where: str) -> Config:
    """Read a config from TOML. Raises Fault, naming `where`, at the first setting that is unknown or out of bounds."""
    try:
        return Config.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Fault(f"cannot be read as TOML: {error}", where=where, mend="mend that line") from error
    except ValidationError as error:
        raise _fault(error, where) from error


def written() -> str:
    """The file that `ringfence init` writes: every setting at its default, each under its sentence."""
    lines = ["# What ringfence does on this platform. Every setting stands at its default."]
    section = ""
    for key, default, sentence in settings():
        group, name = key.split(".")
        if group != section:
            lines += ["", f"[{group}]"]
            section = group
        lines += [f"# {sentence}", f"{name} = {_as_toml(default)}"]
    return "\n".join(lines) + "\n"


def _as_toml(default: object) -> str:
    """A setting's value as TOML writes it, which for these kinds is as JSON does."""
    return json.dumps(default)


def _fault(error: ValidationError, where: str) -> Fault:
    first = error.errors()[0]
    path = [str(step) for step in first["loc"]]
    if first["type"] != "extra_forbidden":
        return Fault(f"{'.'.join(path)} is {first['input']!r}", where=where, mend=f"its value: {first['msg'].lower()}")
    model: type[BaseModel] = SECTIONS[path[0]] if len(path) > 1 else Config
    what = "setting" if len(path) > 1 else "section"
    return Fault(f"unknown {what} {'.'.join(path)}", where=where, mend=choices(path[-1], model.model_fields))
