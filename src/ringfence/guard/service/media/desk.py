"""What does one worker hold to answer about media? Banks, the index over them, and processes that decode."""

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_network
from threading import Lock

from ringfence.media.banks import schema
from ringfence.media.banks.banks import Banks
from ringfence.media.fetching import Reach
from ringfence.media.hashes import SIZES
from ringfence.media.hashing.pool import Pool
from ringfence.media.matcher import Matcher
from ringfence.media.queries import Look, Query
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind
from ringfence.store.config_media import MediaFetch
from ringfence.store.workspace import Workspace


@dataclass(frozen=True)
class MediaDesk:
    """The parts that the paths about media share; each is opened when it is first asked for."""

    workspace: Workspace
    _one: Lock = field(default_factory=Lock, repr=False)

    @cached_property
    def banks(self) -> Banks:
        return Banks.of(self.workspace)

    @property
    def matcher(self) -> Matcher:
        with self._one:  # two threads may ask first
            return self._matcher

    @cached_property
    def _matcher(self) -> Matcher:
        return Matcher.open(self.workspace)

    @cached_property
    def pool(self) -> Pool:
        return Pool(workers=1)

    @property
    def reach(self) -> Reach:
        return reach_of(self.workspace.config.media_fetch)

    def warm(self) -> None:
        """Open the index before anybody asks, where there are banks. What is wrong with it is told to who asks."""
        if (self.workspace.media / schema.FILE).exists():
            with suppress(Fault):
                self.matcher.match_all([Query("", looks=(Look(bytes(SIZES[HashKind.PDQ])),))], remember=False)

    def close(self) -> None:
        """End what was opened; what is asked again is opened again."""
        for name in ("pool", "_matcher", "banks"):
            if (part := self.__dict__.pop(name, None)) is not None:
                part.close()


def reach_of(settings: MediaFetch) -> Reach:
    """Where media may be read from, as the config says."""
    networks = tuple(ip_network(network) for network in settings.networks)
    hosts = frozenset(host.lower() for host in settings.hosts)
    return Reach(hosts, networks, settings.most_bytes, settings.seconds)
