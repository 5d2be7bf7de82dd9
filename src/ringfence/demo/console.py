"""How is a demo's console served beside its guard? In a thread, until the guard ends."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn

from ringfence.console import serving, settings
from ringfence.console.application import application
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace

HOST = "127.0.0.1"  # a demo is for this machine alone


@contextmanager
def console(workspace: Workspace, port: int) -> Iterator[str]:
    """Serve it while the block runs; gives its address. Port 0 picks a free one. Raises Fault for one that is taken."""
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        what = f"the console cannot listen there ({error.strerror})"
        raise Fault(what, where=f"{HOST}:{port}", mend="choose another with --console-port") from error
    made = settings.read(workspace, HOST, listener.getsockname()[1])
    server = uvicorn.Server(serving.config(application(made), HOST, port))
    thread = Thread(target=server.run, args=([listener],), name="console")
    thread.start()
    try:
        yield made.address
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
