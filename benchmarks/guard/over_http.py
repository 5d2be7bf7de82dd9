"""How many requests does the guard's service answer over HTTP, how late, and what do others make of the same requests?

    python benchmarks/guard/over_http.py [quick]

The parts are in served/: measure.py says what is measured and writes benchmarks/results/guard-http.md. This file is not
called http.py, as the benches beside it would then find it in place of Python's own module.
"""

import runpy
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[2])  # in place of this folder: the parts are imported from the project's root
runpy.run_module("benchmarks.guard.served.measure", run_name="__main__")
