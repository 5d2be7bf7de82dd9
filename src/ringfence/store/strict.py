"""What is every table of settings held to? No name that is not known, no value made into another kind, no change."""

from pydantic import ConfigDict

STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)
