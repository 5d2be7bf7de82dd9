import shutil
from collections import Counter
from datetime import datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.guard.limits.parts import ALL, DAYS, PER_DAY, THEN, policy, scored

from ringfence.guard.limits import journal, lists
from ringfence.guard.limits.automatic import apply, in_force
from ringfence.guard.limits.reviews import confirm, lift, undo
from ringfence.guard.limits.rows import Act, Batch
from ringfence.store.workspace import Workspace

FEW = 0.1  # of all accounts: reached on the second day


class Journals(RuleBasedStateMachine):
    """The journal beside a list of what was done, from which the twin works everything out anew, account by account."""

    model: Workspace
    met: ClassVar[Counter[str]]

    @initialize()
    def begin(self) -> None:
        self.met["beginnings"] += 1
        self.place = Workspace.open(self.model.path)
        shutil.rmtree(self.place.path / "limits", ignore_errors=True)
        self.place.audit_file.unlink(missing_ok=True)
        self.now = THEN
        self.done: list[Batch] = []

    @rule(hours=st.sampled_from([-30, -1, 1, 5, 23, 24, 25, 24 * DAYS]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(data=st.data())
    def run(self, data: st.DataObject) -> None:
        sure = data.draw(st.dictionaries(st.sampled_from(ALL[:12]), st.sampled_from([0.5, 0.8, 0.9, 0.95]), min_size=1))
        able = [name for name in sure if sure[name] >= 0.8 and self.may_be_limited(name)]
        able.sort(key=lambda name: (-sure[name], list(sure).index(name)))
        room = max(0, min(PER_DAY - self.within_a_day(), int(FEW * len(ALL)) - len(self.automatic())))
        at = self.clock()
        done = apply(self.place, scored(dict(sure)), policy(per_share=FEW), self.now)
        assert done.limited == min(room, len(able))
        assert done.held == len(able) - done.limited
        if done.limited:
            chosen, until = tuple(able[:room]), (at + timedelta(days=DAYS, hours=23)).replace(hour=0)
            self.done.append(Batch(done.batch, Act.SET, at, "ringfence", accounts=chosen, until=until))
            assert self.within_a_day() <= PER_DAY
            assert len(self.automatic()) <= FEW * len(ALL)
        self.met["limited"] += done.limited
        self.met[f"held by {done.tripped}" if done.tripped else "not held"] += 1
        held = lists.held(self.place, self.now)["account_id"].to_pylist()
        assert held == able[room:]

    @rule(name=st.sampled_from(ALL[:12]))
    def confirm_one(self, name: str) -> None:
        number = confirm(self.place, [name], "wren", now=self.now)
        self.done.append(Batch(number, Act.CONFIRM, self.now, "wren", accounts=(name,)))

    @rule(name=st.sampled_from(ALL[:12]))
    def lift_one(self, name: str) -> None:
        number = lift(self.place, [name], "wren", "why", now=self.now)
        self.done.append(Batch(number, Act.LIFT, self.now, "wren", accounts=(name,)))

    @precondition(lambda self: any(self.counts(one.number) for one in self.done))
    @rule(data=st.data())
    def undo_one(self, data: st.DataObject) -> None:
        target = data.draw(st.sampled_from([one for one in self.done if self.counts(one.number)]))
        last = target is self.done[-1]
        self.done.append(Batch(len(self.done) + 1, Act.UNDO, self.now, "wren", undoes=target.number))
        undo(self.place, target.number, "wren", now=self.now)
        self.met[f"undone {target.act}"] += 1
        if last and target.act is not Act.UNDO:
            without = [one for one in self.done[:-2] if self.counts(one.number)]
            assert self.in_force() == {
                name: self.end(name) for one in without for name in one.accounts if self.end(name)
            }

    @invariant()
    def the_twin_agrees(self) -> None:
        if not hasattr(self, "done"):
            return
        rows = in_force(self.place, self.now).to_pylist()
        assert {row["account_id"]: row["until"] or "for good" for row in rows} == self.in_force()
        assert len(rows) == len(self.in_force())

    @invariant()
    def no_day_and_no_moment_passes_the_caps(self) -> None:
        """Whatever the clock does. Whoever undoes something says that a clock ran ahead, or brings limits back."""
        if not hasattr(self, "done") or any(one.act is Act.UNDO for one in self.done):
            return
        runs = [one for one in journal.read(self.place).batches if one.act is Act.SET]
        for last in runs:
            day = [one for one in runs if last.at - timedelta(hours=24) <= one.at <= last.at]
            assert sum(len(one.accounts) for one in day) <= PER_DAY
        assert len(self.automatic()) <= FEW * len(ALL)

    def counts(self, number: int) -> bool:
        return not any(one.undoes == number and self.counts(one.number) for one in self.done)

    def clock(self) -> datetime:
        return max([self.now, *(self.set_at(one) for one in self.done if one.act is Act.SET)])

    def set_at(self, run: Batch) -> datetime:
        """A date that can be believed: nothing was set after it was undone, even if that was undone in turn."""
        return min([run.at, *(one.at for one in self.done if one.undoes == run.number)])

    def end(self, name: str) -> object:
        """When the limit of an account ends, "for good" where it does not, None where there is none."""
        acts = [one for one in self.done if name in one.accounts and self.counts(one.number)]
        if not acts or acts[-1].act is Act.LIFT:
            return None
        if acts[-1].act is Act.CONFIRM:
            return "for good"
        return acts[-1].until if acts[-1].until and acts[-1].until > self.clock() else None

    def in_force(self) -> dict[str, object]:
        return {name: self.end(name) for name in ALL if self.end(name)}

    def automatic(self) -> list[str]:
        return [name for name, end in self.in_force().items() if end != "for good"]

    def within_a_day(self) -> int:
        since = self.clock() - timedelta(hours=24)
        return sum(len(one.accounts) for one in self.done if one.act is Act.SET and self.set_at(one) >= since)

    def may_be_limited(self, name: str) -> bool:
        if self.end(name):
            return False
        acts = [one for one in self.done if name in one.accounts and self.counts(one.number)]
        given_back = any(
            one.act is Act.SET and name in one.accounts and not self.counts(one.number) for one in self.done
        )
        return not given_back and not (acts and acts[-1].act is Act.LIFT)


def agree(model: Workspace, examples: int, steps: int) -> Counter[str]:
    """What was met on the way, where the journal and its twin agreed on everything."""
    Journals.model, Journals.met = model, Counter()
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    # Every step writes to disk: shrinking a failure would take longer than reading it.
    phases = (Phase.explicit, Phase.reuse, Phase.generate)
    bounds = settings(
        phases=phases, max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=checks
    )
    run_state_machine_as_test(Journals, settings=bounds)
    return Journals.met


def test_the_journal_agrees_with_a_plain_twin(model: Workspace) -> None:
    met = agree(model, 10, 12)
    assert met["beginnings"] >= 10
    assert met["limited"]


@pytest.mark.soak
def test_the_journal_agrees_with_a_plain_twin_for_long(model: Workspace) -> None:
    met = agree(model, 300, 40)
    assert met["beginnings"] >= 300
    for what in ("limited", "held by per_day", "held by per_share", "undone set", "undone undo", "undone confirm"):
        assert met[what], what
