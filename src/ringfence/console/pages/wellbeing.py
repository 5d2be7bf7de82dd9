"""How much have I looked at? A person's own count and reminders: nobody else has a page that shows them."""

from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from ringfence.console import drawing, reveals
from ringfence.console.asking import Asker, Asking, local
from ringfence.console.page import POST, Page
from ringfence.console.reveals import Rules

Back = Annotated[str, Form(max_length=2_000)]
HERE = "/wellbeing"


def rules(asking: Asking) -> Rules:
    """What the config says of breaks."""
    return Rules(asking.settings.break_after, asking.settings.break_minutes)


def show(asking: Asker) -> Response:
    """My count of today and of the week, and when I am reminded. This read is recorded nowhere."""
    with asking.act() as within:
        looked = reveals.mine(within, rules(asking), asking.zone)
    most = max(1, *(many for _, many in looked.days))
    return drawing.drawn(asking, "wellbeing.html", looked=looked, most=most, given=rules(asking))


def rested(asking: Asker, back: Back = HERE) -> Response:
    """I have rested."""
    with asking.act() as within:
        reveals.rest(within)
    return drawing.see(local(back), "rested")


def later(asking: Asker, back: Back = HERE) -> Response:
    """Remind me later."""
    with asking.act() as within:
        reveals.put_off(within)
    return drawing.see(local(back), "put_off")


def choose(
    asking: Asker,
    after: Annotated[int, Form()] = 0,
    minutes: Annotated[int, Form()] = 0,
    own: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Set my own reminders, or go back to those of the console."""
    with asking.act() as within:
        reveals.choose(within, Rules(after, minutes) if own else None)
    return drawing.see(HERE, "kept")


PAGES = (
    Page(HERE, "wellbeing", show, None, menu="My wellbeing"),
    Page("/wellbeing/rested", "rested", rested, None, POST),
    Page("/wellbeing/later", "put_off_rest", later, None, POST),
    Page("/wellbeing/reminders", "keep_reminders", choose, None, POST),
)
