"""What can be set about cases, and about who carries out what was decided on them? Sections of `ringfence.toml`."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ringfence.store.strict import STRICT


class Cases(BaseModel):
    model_config = STRICT
    database: Annotated[
        str,
        Field(
            pattern=r"^(postgresql://.+)?$",
            description="Where the cases are kept, as postgresql://person@host/name, with the password in PGPASSWORD "
            "or a .pgpass file; empty is the file cases.sqlite in the workspace.",
        ),
    ] = ""
    tenant: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
            description="Whose cases these are, where one database holds those of several communities.",
        ),
    ] = "own"
    lease_minutes: Annotated[
        int, Field(ge=1, le=1_440, description="How long a reviewer holds a case before others may take it.")
    ] = 30
    threshold: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="The probability below which a member of a network is set apart from those to act on.",
        ),
    ] = 0.5
    hold_days: Annotated[
        int, Field(ge=1, le=36_500, description="How long the evidence of an approved plan is held.")
    ] = 365
    urgent_reasons: Annotated[
        tuple[str, ...],
        Field(strict=False, description="The reasons of user reports that say a child is in danger now."),
    ] = ()


class Enforcement(BaseModel):
    model_config = STRICT
    enforcer: Annotated[
        Literal["file", "webhook"],
        Field(description="Who carries plans out: a file of orders that the platform reads, or a webhook of its own."),
    ] = "file"
    file: Annotated[
        str, Field(min_length=1, description="The file that gets one JSON line an order, from the workspace.")
    ] = "orders.jsonl"
    url: Annotated[
        str,
        Field(
            pattern=r"^(https?://.+)?$",
            description="Where a webhook gets orders; https, or http on this machine alone.",
        ),
    ] = ""
    secret_variable: Annotated[
        str, Field(description="The environment variable with the secret that signs what a webhook gets.")
    ] = ""
    secret_file: Annotated[
        str, Field(description="The file with that secret, for its owner alone; one of the two is set.")
    ] = ""
    seconds: Annotated[float, Field(gt=0, le=10, description="How long one answer may take.")] = 5.0
    retries: Annotated[int, Field(ge=0, le=5, description="How often an order is asked again at once.")] = 2
    at_once: Annotated[int, Field(ge=1, le=64, description="How many orders a webhook gets at a time.")] = 8
    failures: Annotated[
        int, Field(ge=1, description="After how many failures in a row a webhook is left alone, and the run stops.")
    ] = 5
    pause_seconds: Annotated[float, Field(gt=0, description="For how long it is left alone.")] = 30.0
    reversible: Annotated[
        tuple[Literal["limit", "restrict", "suspend"], ...],
        Field(strict=False, description="Which actions the platform can take back."),
    ] = ("limit", "restrict", "suspend")
    stages: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1)], ...],
        Field(strict=False, description="After which shares of its accounts a stage of a plan ends."),
    ] = (0.01, 0.1, 1.0)
    pauses: Annotated[bool, Field(description="Whether a plan waits after each stage for somebody to go on.")] = True
    per_second: Annotated[float, Field(ge=0.1, le=10_000, description="How many orders are sent a second.")] = 50.0
    most_failed: Annotated[
        float, Field(ge=0, le=1, description="The share of a run's orders that may go wrong before it stops.")
    ] = 0.05
    most_in_a_row: Annotated[
        int, Field(ge=1, description="How many orders may go wrong one after the other before it stops.")
    ] = 5
    most_accounts: Annotated[int, Field(ge=1, le=100_000, description="How many accounts one plan may act on.")] = (
        10_000
    )
