"""Is a Python function asked as promised, found by its name, and not waited for?"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.exposure.recommenders.parts import ids

from ringfence.exposure.recommenders.checked import Checked, Checks
from ringfence.exposure.recommenders.function import PlatformFunction
from ringfence.exposure.recommenders.platform import Names
from ringfence.model.faults import Fault

NAMES = Names(["heron", "kestrel", "lark"])


def popular(viewer: str | None, followed: Sequence[str], wanted: int) -> list[str]:
    return [name for name in ("heron", "kestrel", "lark") if name not in {viewer, *followed}][:wanted]


def slow(_viewer: str | None, _followed: Sequence[str], _wanted: int) -> list[str]:
    time.sleep(5)
    return ["lark"]


def leaves(_viewer: str | None, _followed: Sequence[str], _wanted: int) -> list[str]:
    sys.exit(3)


@pytest.mark.parametrize("seconds", [None, 5.0])
def test_a_function_is_given_names_and_returns_names(seconds: float | None) -> None:
    suggest = Checked(PlatformFunction(popular, seconds), NAMES)
    assert suggest(ids(0), 2, 1).ids.tolist() == [2]


def test_a_function_that_is_late_is_not_waited_for() -> None:
    suggest = Checked(PlatformFunction(slow, 0.05), NAMES, Checks(twice=0))
    assert suggest(ids(0), 2).ids.tolist() == []
    assert suggest.troubles.timeouts == 1
    assert "no answer within 0.05 s" in next(iter(suggest.troubles.examples.values()))


def test_the_functions_own_timeout_is_told_as_it_is() -> None:
    def impatient(_viewer: str | None, _followed: Sequence[str], _wanted: int) -> list[str]:
        raise TimeoutError("the index is asleep")

    with pytest.raises(TimeoutError, match="the index is asleep"):
        PlatformFunction(impatient, 5)(None, [], 1)


def test_a_function_that_leaves_does_not_take_the_audit_with_it() -> None:
    with pytest.raises(SystemExit):
        PlatformFunction(leaves, 5)(None, [], 1)


def test_a_function_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "birds_of_ours.py").write_text(
        "class Index:\n    nearest = lambda viewer, followed, wanted: ['lark']\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert PlatformFunction("birds_of_ours:Index.nearest")(None, [], 3) == ["lark"]


@pytest.mark.parametrize(
    ("named", "fault"),
    [
        ("birds", "this names no function"),
        ("birds:", "this names no function"),
        (":nearest", "this names no function"),
        ("no_such_birds:nearest", "cannot be imported .ModuleNotFoundError"),
        ("..birds:nearest", "cannot be imported .TypeError"),
        ("math:no_such", "cannot be imported .AttributeError"),
        ("math:pi", "is no function"),
    ],
)
def test_a_name_that_is_no_function_is_one_line(named: str, fault: str) -> None:
    with pytest.raises(Fault, match=fault) as told:
        PlatformFunction(named)
    assert "\n" not in str(told.value)


def test_a_module_that_breaks_when_read_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_nest.py").write_text("raise RuntimeError('no eggs')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Fault, match=r"cannot be imported \(RuntimeError: no eggs\)"):
        PlatformFunction("broken_nest:nearest")
