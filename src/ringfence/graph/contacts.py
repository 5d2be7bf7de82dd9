"""Where else does a profile ask to be met? Other handles, invitations and addresses, each in one spelling.

Two accounts that lead to the same place outside are tied, however each of them writes it.
"""

import re
from collections.abc import Mapping

# How profiles write the names of widely used platforms.
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "instagram": ("instagram", "insta", "ig"),
    "telegram": ("telegram", "tele", "tg"),
    "snapchat": ("snapchat", "snap", "sc"),
    "tiktok": ("tiktok", "tt"),
    "twitter": ("twitter",),
    "youtube": ("youtube", "yt"),
    "facebook": ("facebook", "fb"),
    "discord": ("discord", "dc"),
    "whatsapp": ("whatsapp", "wa"),
    "signal": ("signal",),
    "kik": ("kik",),
    "skype": ("skype",),
    "threema": ("threema",),
    "bluesky": ("bluesky", "bsky"),
    "mastodon": ("mastodon",),
}
# Where links to a handle or an invitation lead. What stands behind the slash is the handle or the invitation.
HOSTS: Mapping[str, str] = {
    "instagram.com/": "instagram",
    "t.me/joinchat/": "telegram",
    "t.me/": "telegram",
    "telegram.me/": "telegram",
    "snapchat.com/add/": "snapchat",
    "tiktok.com/@": "tiktok",
    "twitter.com/": "twitter",
    "x.com/": "twitter",
    "youtube.com/@": "youtube",
    "facebook.com/": "facebook",
    "m.me/": "facebook",
    "discord.gg/": "discord",
    "discord.com/invite/": "discord",
    "discordapp.com/invite/": "discord",
    "chat.whatsapp.com/": "whatsapp",
    "wa.me/": "whatsapp",
    "signal.group/#": "signal",
    "signal.me/#": "signal",
    "kik.me/": "kik",
    "line.me/ti/p/": "line",
    "join.skype.com/": "skype",
    "matrix.to/#/": "matrix",
    "bsky.app/profile/": "bluesky",
}

_PLATFORM = {spelling: platform for platform, spellings in SPELLINGS.items() for spelling in spellings}
_NAMES = "|".join(sorted(_PLATFORM, key=len, reverse=True))
_PLACES = "|".join(re.escape(host) for host in sorted(HOSTS, key=len, reverse=True))
_HANDLE = "[a-z0-9_][a-z0-9_.]{1,30}[a-z0-9_]"
_MAIL = r"[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}"
_LINK = rf"\b(?:{_PLACES})[a-z0-9_.+=:!@#$/-]{{2,}}"
_DASHES = "|~\u2192\u2013-"
# A dash needs room on both sides: "dc-based" names no handle.
_SAID = rf"\b(?:{_NAMES})(?:\s*[:=>]+\s*@?|\s+[{_DASHES}]+\s+@?|\s+@){_HANDLE}"
_ON = rf"@{_HANDLE}\s+(?:on|at|en|auf|sur|su|em|na|op)\s+(?:x|{_NAMES})\b"

# For DuckDB, over text in lower case.
CONTACT = f"{_LINK}|{_MAIL}|{_SAID}|{_ON}"

_PARTS = (
    (re.compile(rf"(?P<host>{_PLACES})(?P<name>.+)"), HOSTS),
    (re.compile(rf"(?P<host>{_NAMES})[^a-z0-9_]+(?P<name>{_HANDLE})"), _PLATFORM),
    (re.compile(rf"@(?P<name>{_HANDLE})\s+\w+\s+(?P<host>x|{_NAMES})"), {**_PLATFORM, "x": "twitter"}),
)


def contact(found: str) -> str:
    """What `CONTACT` found in a profile, as platform:name, or mail:address."""
    for pattern, platforms in _PARTS:
        if parts := pattern.fullmatch(found):
            return f"{platforms[parts['host']]}:{_trimmed(parts['name'])}"
    return f"mail:{found}"


def _trimmed(name: str) -> str:
    return name.partition("?")[0].rstrip("./-#").removeprefix("@")
