"""What can be set about media? Its sections of `ringfence.toml`."""

from ipaddress import ip_network
from typing import Annotated

from pydantic import BaseModel, Field, field_validator

from ringfence.store.strict import STRICT


class MediaFetch(BaseModel):
    model_config = STRICT
    hosts: Annotated[
        tuple[str, ...],
        Field(strict=False, description="Hosts that media may be read from by address; with none, no address is read."),
    ] = ()
    networks: Annotated[
        tuple[str, ...],
        Field(strict=False, description="Networks that may be read from although they are not public, as 10.0.0.0/8."),
    ] = ()
    most_bytes: Annotated[int, Field(ge=1_000, description="How many bytes of media are read at the most.")] = (
        50_000_000
    )
    seconds: Annotated[float, Field(gt=0, le=600, description="How long reading from an address may take.")] = 10.0

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ip_network(network)
        return networks


class MediaClassifier(BaseModel):
    model_config = STRICT
    url: Annotated[
        str, Field(description="Where a classifier of your own is asked about new media; empty is nowhere.")
    ] = ""
    label: Annotated[str, Field(min_length=1, description="Which of its scores counts in the ranking.")] = "review"
    pointer: Annotated[
        str,
        Field(description="Where it finds media in your restricted store; {media_id} stands for the id."),
    ] = "{media_id}"
    most: Annotated[int, Field(ge=0, description="About how many clusters it is asked in a run, the best first.")] = 500
    seconds: Annotated[float, Field(gt=0, le=300, description="How long one answer may take.")] = 5.0
    retries: Annotated[int, Field(ge=0, le=10, description="How often it is asked again where no answer came.")] = 1
    failures: Annotated[
        int, Field(ge=1, description="After how many failures in a row it is left alone for a while.")
    ] = 5
    pause_seconds: Annotated[float, Field(gt=0, description="How long that while is.")] = 30.0
    key_variable: Annotated[
        str,
        Field(description="The environment variable with the key to send along, as a bearer token; empty is none."),
    ] = ""


class Media(BaseModel):
    model_config = STRICT
    flood_matches: Annotated[
        int,
        Field(ge=2, le=100_000, description="How many matches of one bank content within the window may be too many."),
    ] = 100
    flood_window_seconds: Annotated[
        float, Field(gt=0, description="The window, in seconds, within which the last of these matches must fall.")
    ] = 3_600.0
    flood_share: Annotated[
        float,
        Field(ge=0, le=1, description="The share of all queries that these matches must make up to be too many."),
    ] = 0.01
    flood_uploaders: Annotated[
        int,
        Field(ge=1, description="From how many uploaders, where the platform tells them, these matches must come."),
    ] = 20
    asked_days: Annotated[
        float,
        Field(
            ge=0,
            description="How many days the hashes that were asked are kept, to be matched again when a bank changes; "
            "0 keeps none.",
        ),
    ] = 30.0
    rebuild_after: Annotated[
        int,
        Field(ge=1_000, description="After how many changed entries the index is built anew, in the background."),
    ] = 50_000
