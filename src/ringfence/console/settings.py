"""What is the console set to? The section of ringfence.toml and the secrets it names, read once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from ringfence.cases import keys
from ringfence.console.limits import Rates
from ringfence.model.faults import Fault
from ringfence.store import private
from ringfence.store.config_console import Console
from ringfence.store.workspace import Workspace

LONGEST_SECRET = 4_096  # bytes
LOCAL = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID Connect provider. `people` has the id of a person by the provider's subject."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    people: Mapping[str, str]

    @property
    def name(self) -> str:
        """What the form to sign in calls it."""
        return urlsplit(self.issuer).netloc


@dataclass(frozen=True, slots=True)
class Settings:
    """All that pages are told. `origins` are where browsers may come from; `sealing` encrypts the secrets of codes."""

    workspace: Workspace
    tenant: str
    origins: frozenset[str]
    address: str
    secure: bool  # cookies go over TLS only
    zone: str
    idle: timedelta
    longest: timedelta
    proof: timedelta
    lease_minutes: int
    break_after: int
    break_minutes: int
    restricted_viewer: str
    sealing: bytes = field(repr=False)
    provider: Provider | None
    rates: Rates = field(default_factory=Rates)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that a request may be for; any other is a name somebody else made point here."""
        return frozenset(urlsplit(one).netloc for one in self.origins)

    @property
    def viewer(self) -> str:
        """The origin of the restricted viewer; empty where there is none."""
        parts = urlsplit(self.restricted_viewer)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def read(workspace: Workspace, host: str, port: int, *, secure: bool | None = None) -> Settings:
    """The settings of a console that listens on `host` and `port`. Raises Fault where others could not reach it safely.

    Cookies are for TLS only, but for a console that is reached on this machine alone; `secure` says otherwise.
    """
    given, cases = workspace.config.console, workspace.config.cases
    origins = _origins(given.address, host, port)
    address = given.address or f"http://{host}:{port}"
    return Settings(
        workspace=workspace,
        tenant=cases.tenant,
        origins=origins,
        address=address,
        secure=address.startswith("https:") if secure is None else secure,
        zone=given.zone,
        idle=timedelta(minutes=given.idle_minutes),
        longest=timedelta(hours=given.session_hours),
        proof=timedelta(minutes=given.step_up_minutes),
        lease_minutes=cases.lease_minutes,
        break_after=given.break_after,
        break_minutes=given.break_minutes,
        restricted_viewer=given.restricted_viewer,
        sealing=keys.sealing_key(workspace.path),
        provider=_provider(given, workspace.path) if given.oidc_issuer else None,
    )


def _origins(address: str, host: str, port: int) -> frozenset[str]:
    if address:
        return frozenset({address})
    if host not in {*LOCAL, "::1"}:
        mend = "set address under [console], as https://review.example"
        raise Fault("is reached from elsewhere, and has no address", where="console", mend=mend)
    return frozenset(f"http://{one}:{port}" for one in LOCAL)


def _provider(given: Console, folder: Path) -> Provider:
    file = folder / given.oidc_secret_file
    secret = private.read(file, LONGEST_SECRET).decode("utf-8", "replace").strip()
    pairs = (one.rpartition("=") for one in given.oidc_people)
    people = {subject: person for subject, _, person in pairs}
    return Provider(given.oidc_issuer.rstrip("/"), given.oidc_client_id, secret, people)
