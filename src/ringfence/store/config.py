"""What can a platform set, and to what is it set? `ringfence.toml` in the workspace says."""

import json
import tomllib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ringfence.ingest.choices import choices
from ringfence.model.faults import Fault

STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)


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
    most_uses: Annotated[
        int,
        Field(ge=1_000, description="How many uses of hashtags are remembered with their users, about 200 bytes each."),
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


SECTIONS: Mapping[str, type[BaseModel]] = {
    "ingest": Ingest,
    "lexicon": Lexicon,
    "discovery": Discovery,
    "guard": Guard,
    "store": Store,
    "live": Live,
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
