"""How does a platform ask the guard over HTTP?"""

import ipaddress
import os
import socket
from collections.abc import Callable
from pathlib import Path

from ringfence.guard.policies.policy import Policy
from ringfence.guard.service import api_keys, tls, workers
from ringfence.guard.service.access_log import writable
from ringfence.guard.service.application import NO_EXAMPLES, Application, Place, application
from ringfence.guard.service.counters import Board
from ringfence.guard.service.page import Examples
from ringfence.guard.service.serving import run
from ringfence.model.faults import Fault
from ringfence.store import config
from ringfence.store.workspace import CONFIG, Workspace

BACKLOG = 1024
KEYS_FILE = "guard_keys.json"


def build_app(
    folder: Path | str, policy_fallback: Policy, examples: Examples = NO_EXAMPLES, settings: config.Guard | None = None
) -> Application:
    """The service over a folder of snapshots, for one process and open to all that reach it.

    Until a snapshot is active it answers by the fallback policy's degraded mode.
    """
    place = Place(Path(folder), policy_fallback, settings or config.Guard(), examples=examples)
    return application(place, Board(1), 0)


def placed(
    folder: Path, policy: Policy, settings: config.Guard, home: Path | None, host: str, examples: Examples = NO_EXAMPLES
) -> Place:
    """What a service needs to know, with its files found; a Fault when anybody could ask it from elsewhere."""
    where = home or folder
    keys_file = where / KEYS_FILE if home else None
    resolved = {name: str(where / file) for name in tls.FILES if (file := getattr(settings, name))}
    settings = settings.model_copy(update=resolved)
    log_file = where / settings.access_log if settings.access_log else None
    if log_file:
        writable(log_file)
    has_keys = keys_file is not None and bool(api_keys.read(keys_file))
    if not (has_keys or settings.client_ca or _is_this_machine(host)):
        mend = "add a key with `ringfence keys add NAME`, or set guard.client_ca, or listen on 127.0.0.1"
        raise Fault("the service would be open to anybody who can reach it", where=f"guard.host {host}", mend=mend)
    workspace = Workspace.open(home) if home and (home / CONFIG).exists() else None
    return Place(folder, policy, settings, keys_file, log_file, examples, not has_keys, workspace)


def serve(
    folder: Path | str,
    policy_fallback: Policy,
    *,
    host: str = "127.0.0.1",
    port: int = 8100,
    examples: Examples = NO_EXAMPLES,
    settings: config.Guard | None = None,
    home: Path | None = None,
    ready: Callable[[str], object] = print,
) -> int:
    """Serve until SIGTERM or SIGINT; gives the exit code. `ready` gets the address once requests are taken.

    Port 0 picks a free one. `home` is the workspace: its keys are asked for, and files that settings name are in it.
    """
    place = placed(Path(folder), policy_fallback, settings or config.Guard(), home, host, examples)
    secured = tls.of(place.settings)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise Fault(
            f"the service cannot listen there ({error.strerror})", where=f"{host}:{port}", mend="choose another port"
        ) from error
    named = f"[{host}]" if ":" in host else host
    address = f"{'https' if secured else 'http'}://{named}:{listener.getsockname()[1]}/"
    if place.settings.workers > 1:
        return workers.supervise(place, listener, place.settings.workers, lambda: ready(address))
    run(place, listener, Board(1), 0, os.getppid(), lambda: ready(address))
    return 0


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
