"""Which colours stand out on white and on near black alike? No meaning hangs on one of them alone."""

BLUE, ORANGE, GREEN, PURPLE, OLIVE, VIOLET, RED, TEAL = (
    "#2f7fc0",
    "#c9601f",
    "#2c8f63",
    "#a95fa0",
    "#8d7716",
    "#7272d6",
    "#cb4f62",
    "#238892",
)
GREY = "#7d8793"
# Of the arms of a measurement, in their order: the first has no guard.
ARMS = (ORANGE, BLUE, GREEN, PURPLE, OLIVE, VIOLET, RED, TEAL)


def of_arm(place: int) -> str:
    """The colour of the arm at a place, from 0."""
    return ARMS[place % len(ARMS)]
