import json
import re
from pathlib import Path

import msgspec

from ringfence.cases.actions import REVERSIBLE, Action, Order, State
from ringfence.cases.plan import Phase
from ringfence.cases.undo import LASTING
from ringfence.enforcement.webhook import Answer
from ringfence.store.config import settings

PAGE = (Path(__file__).parents[2] / "docs" / "plans.md").read_text()


def test_the_page_names_every_action_state_and_phase() -> None:
    missing = [word for word in (*Action, *State, *Phase) if f"`{word}`" not in PAGE]
    assert not missing


def test_what_the_page_calls_undone_is_reversible() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (yes|no)\b.*\|$", PAGE, re.MULTILINE))
    assert {Action(name) for name, undone in rows.items() if undone == "yes"} == REVERSIBLE
    assert {Action(name) for name, undone in rows.items() if undone == "no"} == set(LASTING)


def test_the_settings_it_names_exist() -> None:
    known = {key for key, _, _ in settings()}
    named = set(re.findall(r"`((?:enforcement|cases)\.\w+)`", PAGE)) - {"cases.trust"}
    assert named - known == set()


def test_what_it_shows_of_a_webhook_is_what_goes_over_it() -> None:
    shown = next(line for line in PAGE.splitlines() if line.startswith('{"key"'))
    order = msgspec.json.decode(shown, type=Order)
    assert json.loads(msgspec.json.encode(order)) == json.loads(shown)
    for answer in re.findall(r'`(\{"key": KEY.*?\})`', PAGE):
        msgspec.json.decode(answer.replace("KEY", '"k"'), type=Answer)
