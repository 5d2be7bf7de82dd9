"""Where does somebody begin? At the first page of the menu that their roles open."""

from fastapi.responses import RedirectResponse, Response

from ringfence.console.asking import Asker
from ringfence.console.page import Page


def first(asking: Asker) -> Response:
    """On to that page; everybody has settings."""
    return RedirectResponse(asking.menu[0].path, 303)


PAGES = (Page("/", "first", first, None),)
