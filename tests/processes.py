"""How does a test start processes that it may kill? Forked from one that has read the modules and has no threads.

Forked from the tests' own process they could wait for ever for a lock that one of its threads held just then.
"""

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        "hypothesis.stateful",
        "ringfence.cli.live",
        "ringfence.enforcement.feedback",
        "ringfence.enforcement.running",
        "ringfence.enforcement.webhook",
        "ringfence.guard.limits.automatic",
        "ringfence.guard.limits.reviews",
        "ringfence.ingest.streams.nats",
    ]
)
