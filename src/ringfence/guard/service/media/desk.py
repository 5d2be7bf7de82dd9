"""What does one worker hold to answer about media? Banks, the index over them, and processes that decode."""

from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_network

from ringfence.media.banks.banks import Banks
from ringfence.media.fetching import Reach
from ringfence.media.hashing.pool import Pool
from ringfence.media.index.live import MediaIndex
from ringfence.media.matcher import Matcher
from ringfence.store.config import MediaFetch
from ringfence.store.workspace import Workspace


@dataclass(frozen=True)
class MediaDesk:
    """The parts that the paths about media share; each is opened when it is first asked for."""

    workspace: Workspace

    @cached_property
    def banks(self) -> Banks:
        return Banks.of(self.workspace)

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher.open(self.workspace, MediaIndex.open)

    @cached_property
    def pool(self) -> Pool:
        return Pool(workers=1)

    @property
    def reach(self) -> Reach:
        return reach_of(self.workspace.config.media_fetch)

    def close(self) -> None:
        """End what was opened."""
        for name in ("pool", "matcher", "banks"):
            if (part := self.__dict__.get(name)) is not None:
                part.close()


def reach_of(settings: MediaFetch) -> Reach:
    """Where media may be read from, as the config says."""
    networks = tuple(ip_network(network) for network in settings.networks)
    hosts = frozenset(host.lower() for host in settings.hosts)
    return Reach(hosts, networks, settings.most_bytes, settings.seconds)
