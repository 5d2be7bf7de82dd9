"""How does a test start processes that it may kill? Forked from one that has read the modules and done nothing else.

Forked from the tests' own process they could wait for ever for a lock that one of its threads held just then.
"""

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        "tests.cases.test_database",
        "tests.cases.test_opening",
        "tests.cases.test_queue",
        "tests.enforcement.platform",
        "tests.enforcement.test_feedback",
        "tests.enforcement.test_file",
        "tests.enforcement.test_kill",
        "tests.guard.limits.test_caps",
        "tests.guard.limits.test_journal",
        "tests.guard.live.test_reading",
    ]
)
