"""What does anybody need to be, to carry plans out? One who does an order once a key, and says what became of it."""

from collections.abc import Collection
from typing import Protocol

from ringfence.cases.actions import Action, Order, Outcome


class Enforcer(Protocol):
    """A target of orders. It is asked by `at_once` threads at a time.

    An order that comes again with the same key is answered again and not done again. One that undoes a key which never
    came is done at once, and that key is then refused, should it come later. `carry_out` raises nothing: whoever cannot
    tell what became of an order says Unclear.
    """

    @property
    def name(self) -> str:
        """What the audit and people call it."""

    @property
    def at_once(self) -> int:
        """How many orders it takes at a time."""

    @property
    def reversible(self) -> Collection[Action]:
        """What it can take back."""

    def carry_out(self, order: Order) -> Outcome:
        """Do an order, or say why not."""
