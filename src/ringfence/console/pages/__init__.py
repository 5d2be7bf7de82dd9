"""Which pages are there? All of them, in the order of the menu: the application mounts these and no others."""

from ringfence.console.page import Page
from ringfence.console.pages import first, settings, sign_in

ALL: tuple[Page, ...] = (*first.PAGES, *settings.PAGES, *sign_in.PAGES)
