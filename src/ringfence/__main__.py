"""`python -m ringfence` is the `ringfence` command."""

from ringfence.cli import run

run()
