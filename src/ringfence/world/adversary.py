"""What may members do to hide? Each thing is an effort, and with no effort at all the world is the default one, to the
byte.

All that hiding adds is drawn from streams of its own, so that worlds of one seed and several efforts are one world with
more or less hidden in it, and can be compared account by account.
"""

from dataclasses import dataclass, fields

from ringfence.model.faults import Fault


@dataclass(frozen=True, slots=True)
class Adversary:
    """How hard members hide. Efforts are multiples, 0 for none; shares run from 0 to 1.

    `researchers` are no adversaries but innocents, as hard to tell from members as any: they follow members in order
    to study them, and use their words.
    """

    camouflage: float = 0.0  # ordinary follows and posts that each member adds, in multiples of all its own
    bought: float = 0.0  # followers that each member buys, in multiples of BOUGHT
    hopping: float = 0.0  # how often in 30 days each network takes new words
    slow: float = 0.0  # members open later, by this share of the way at most, and do 1 / (1 + slow) of what they would
    isolated: float = 0.0  # share of the networks that use none of the seeds' words
    regrowth: float = 0.0  # share of a removed account's followers that follow its back-up account
    researchers: int = 0  # at 200,000 accounts; they grow as planted groups do

    def __post_init__(self) -> None:
        for field in fields(self):
            value, most = getattr(self, field.name), MOST.get(field.name, MOST_EFFORT)
            if not 0 <= value <= most:
                raise Fault(f"{field.name} is {value}", where="adversary", mend=f"choose from 0 to {most:,}")


MOST_EFFORT = 10  # later words would come round again beyond it
MOST = {"isolated": 1, "regrowth": 1, "researchers": 1_000}
BOUGHT = 45.0  # about as many followers as a member has of its own
HOP_DAYS = 30.0
NONE = Adversary()
