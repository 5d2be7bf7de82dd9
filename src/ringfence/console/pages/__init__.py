"""Which pages are there? All of them, in the order of the menu: the application mounts these and no others."""

from ringfence.console.page import Page
from ringfence.console.pages import (
    account,
    audit,
    case,
    evidence,
    exposure,
    first,
    guard,
    lexicon,
    media,
    metrics,
    network,
    people,
    queue,
    settings,
    sign_in,
    wellbeing,
)

ALL: tuple[Page, ...] = (
    *first.PAGES,
    *queue.PAGES,
    *case.PAGES,
    *network.PAGES,
    *account.PAGES,
    *evidence.PAGES,
    *lexicon.PAGES,
    *media.PAGES,
    *guard.PAGES,
    *exposure.PAGES,
    *metrics.PAGES,
    *audit.PAGES,
    *people.PAGES,
    *wellbeing.PAGES,
    *settings.PAGES,
    *sign_in.PAGES,
)
