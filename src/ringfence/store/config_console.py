"""What can be set about the reviewers' console? Its section of `ringfence.toml`."""

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import BaseModel, Field, field_validator

from ringfence.store.strict import STRICT


class Console(BaseModel):
    model_config = STRICT
    host: Annotated[str, Field(min_length=1, description="The address that the reviewers' console listens on.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=1, le=65535, description="The port that the console listens on.")] = 8788
    address: Annotated[
        str,
        Field(
            pattern=r"^(https?://[^/]+)?$",
            description="Where browsers find the console, as https://review.example; empty is its host and port.",
        ),
    ] = ""
    proxies: Annotated[
        tuple[str, ...],
        Field(strict=False, description="Addresses of proxies whose word is taken for where a request comes from."),
    ] = ()
    zone: Annotated[
        str, Field(min_length=1, description="The time zone of a reviewer who has chosen none, as Europe/Berlin.")
    ] = "UTC"
    idle_minutes: Annotated[
        int, Field(ge=1, le=1_440, description="How long a session lasts in which nothing is asked.")
    ] = 30
    session_hours: Annotated[int, Field(ge=1, le=168, description="How long a session lasts at the most.")] = 12
    step_up_minutes: Annotated[
        int,
        Field(ge=1, le=60, description="For how long a fresh code counts where an act asks for one, such as approval."),
    ] = 5
    break_after: Annotated[
        int, Field(ge=0, description="After how many reveals in a row a reviewer is asked to take a break; 0 is never.")
    ] = 20
    break_minutes: Annotated[
        int, Field(ge=0, le=480, description="And after how many minutes of revealing; 0 is never.")
    ] = 45
    restricted_viewer: Annotated[
        str,
        Field(
            pattern=r"^(https://[^/]+(/.*)?)?$",
            description="Where your own restricted viewer shows media, {media_id} standing for the id; empty is "
            "nowhere, and then no media is ever asked for.",
        ),
    ] = ""
    oidc_issuer: Annotated[
        str,
        Field(
            pattern=r"^(https?://.+)?$",
            description="The OpenID Connect provider that people may sign in by, its issuer's address; empty is none.",
        ),
    ] = ""
    oidc_client_id: Annotated[str, Field(description="What the provider knows the console by.")] = ""
    oidc_secret_file: Annotated[
        str, Field(description="The file with the provider's secret for the console, from the workspace; mode 0600.")
    ] = "console_oidc.secret"  # noqa: S105, the name of a file
    oidc_people: Annotated[
        tuple[str, ...],
        Field(
            strict=False,
            description="Who is who, as subject=person: the provider's subject and the id of somebody on the list of "
            "people. Nobody else gets in that way.",
        ),
    ] = ()

    @field_validator("zone")
    @classmethod
    def _is_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("is no time zone")
        return zone

    @field_validator("oidc_people")
    @classmethod
    def _are_pairs(cls, people: tuple[str, ...]) -> tuple[str, ...]:
        if not all(subject and person for subject, _, person in (one.rpartition("=") for one in people)):
            raise ValueError("is not subject=person")
        return people
