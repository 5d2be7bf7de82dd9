"""What does the process do that decodes files, and what can it not do?

It reads work from the socket whose descriptor is its argument, until that closes. It has a bound on its memory, and one
on its processor time for each file; it can write to no file and leaves no picture of its memory behind when it dies.
"""

import io
import os
import resource
import socket
import sys
from typing import BinaryIO

from ringfence.media.hashing.one import hash_one
from ringfence.media.hashing.wire import READY, receive_work, send_reply

LEAST = 64 << 20  # bytes that there must be for pictures, beside the code


def main() -> None:
    line = socket.socket(fileno=int(sys.argv[1]))
    confine(int(sys.argv[2]))
    bytearray(LEAST)  # where that fails, so would every file
    line.sendall(READY)
    while received := receive_work(line):
        work, opened, content = received
        allow_seconds(work.seconds)
        file: BinaryIO = io.BytesIO(content) if opened is None else os.fdopen(opened, "rb")
        with file:
            send_reply(line, hash_one(file, work.media_id, work.kind, work.recipe, work.limits))


def confine(memory: int) -> None:
    """Once and for all: hard limits cannot be raised again."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform != "darwin":  # which knows the limit and does not let one set it
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def allow_seconds(seconds: float) -> None:
    """So much more processor time from now on; the system ends a process that wants more."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = int(spent.ru_utime + spent.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    main()
