import pytest
from tests.cases.conftest import Room
from tests.cases.planning import SUSPEND, Bench

from ringfence.cases import appeals, execution, holds, outbox, plan, staff, trust, undo
from ringfence.cases.actions import Action, Direction, Refused
from ringfence.cases.appeals import Decided, Decision
from ringfence.cases.faults import Forbidden, Stale, Unknown
from ringfence.cases.outbox import Kind
from ringfence.cases.people import Person, Role, at_shell, service
from ringfence.cases.plan import Phase, Plan
from ringfence.cases.preview import Wish
from ringfence.model.faults import Fault

STATEMENT = "These are pictures of my own garden, and the birds in it."


@pytest.fixture
def bench(room: Room) -> Bench:
    return Bench(room)


def done(bench: Bench, wish: Wish = SUSPEND) -> Plan:
    made = bench.approved(wish)
    bench.whole(bench.begin(made))
    return made


def appeal(bench: Bench, account: str = "ant", plan_id: str | None = None) -> str:
    with bench.act(bench.wren) as within:
        return appeals.receive(within, account, STATEMENT, plan_id)


def decide(bench: Bench, appeal_id: str, decision: Decision, who: Person | None = None) -> Decided:
    with bench.act(who or bench.gull) as within:
        return appeals.decide(within, appeal_id, decision, "we have looked at it again")


def waits(bench: Bench, who: Person) -> int:
    with bench.room.database.look() as connection:
        return appeals.waiting(connection, who)


def rests_on(room: Room, made: Plan, **seeds: str) -> None:
    """Have the decisions on some accounts rest on a seed, as discovery's paths would say."""
    for account, seed in seeds.items():
        values = {"plan": made.plan_id, "account": account, "seed": seed}
        room.run("INSERT INTO plan_rests VALUES ('own', :plan, :account, :seed)", **values)


def told(bench: Bench) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in bench.room.run("SELECT kind, subject FROM outbox ORDER BY number")]


def test_an_appeal_is_read_with_what_the_decision_rested_on(room: Room, bench: Bench) -> None:
    made = done(bench)
    appeal_id = appeal(bench)
    with bench.act(bench.gull) as within:
        (waits,) = appeals.listed(within)
        context = appeals.find(within, appeal_id)
    assert waits == context.appeal
    assert context.appeal.statement == STATEMENT
    assert context.step is not None
    assert context.step.evidence.reasons == ("shares a link with 3 found",)
    assert context.done == (Action.LIMIT, Action.SUSPEND)
    assert context.took_part == {"wren", "finch"}
    assert made.plan_id == context.appeal.plan_id
    assert bench.acts().count("appeals_read") == 2
    room.run("UPDATE plans SET content = NULL")
    with bench.act(bench.gull) as within:
        assert appeals.find(within, appeal_id).step is None


def test_a_service_takes_appeals_in_and_cannot_read_them(bench: Bench) -> None:
    done(bench)
    door = service("own", "appeals")
    with bench.act(door) as within:
        appeals.receive(within, "bee", STATEMENT)
    for act in (appeals.listed, lambda within: appeals.decide(within, "appeal-0", Decision.OVERTURN, "yes")):
        with bench.act(door) as within, pytest.raises(Forbidden):
            act(within)


def test_who_was_not_acted_on_has_nothing_to_appeal(bench: Bench) -> None:
    done(bench)
    for account in ("robin", "swift", "nobody", "x" * 1_000):
        with pytest.raises(Unknown, match="no plan acted on it"):
            appeal(bench, account)
    with pytest.raises(Unknown):
        appeal(bench, "ant", "plan-0")


@pytest.mark.parametrize("statement", ["", " \n", "w" * 10_001, "a\0b"])
def test_a_statement_is_some_text(bench: Bench, statement: str) -> None:
    done(bench)
    with bench.act() as within, pytest.raises(Fault, match="empty or too long"):
        appeals.receive(within, "ant", statement)


def test_one_appeal_at_a_time_and_a_second_is_another_persons(room: Room, bench: Bench) -> None:
    done(bench)
    first, dove = appeal(bench), room.person("dove", Role.REVIEWER)
    with pytest.raises(Stale, match="waits already"):
        appeal(bench)
    assert (waits(bench, bench.gull), waits(bench, dove)) == (1, 1)
    decide(bench, first, Decision.UPHOLD)
    with pytest.raises(Stale, match="was decided by gull"):
        decide(bench, first, Decision.OVERTURN, dove)
    assert (waits(bench, bench.gull), waits(bench, dove)) == (0, 0)
    second = appeal(bench)
    assert (waits(bench, bench.gull), waits(bench, dove)) == (0, 1)
    with pytest.raises(Forbidden, match="had a part"):
        decide(bench, second, Decision.OVERTURN)


@pytest.mark.parametrize("part", ["proposed", "approved", "ran", "undid"])
def test_nobody_decides_on_what_they_had_a_part_in(room: Room, bench: Bench, part: str) -> None:
    made = bench.approved()
    runner, giver = room.person("runner", Role.REVIEWER), room.person("giver", Role.REVIEWER)
    run = bench.begin(made, runner)
    while bench.step(run, who=runner, most=4):
        pass
    with bench.act(bench.wren) as within:
        undo.order(within, made.plan_id, "it was wrong")
    with bench.act(giver) as within:
        execution.begin_undo(within, made.plan_id)
    who = {"proposed": bench.wren, "approved": bench.finch, "ran": runner, "undid": giver}[part]
    appeal_id = appeal(bench, "ant")
    with pytest.raises(Forbidden, match="had a part"):
        decide(bench, appeal_id, Decision.OVERTURN, who)
    assert (waits(bench, who), waits(bench, bench.gull)) == (0, 1)


def test_who_gives_back_what_an_appeal_asked_for_decides_the_next_one(bench: Bench) -> None:
    made = done(bench)
    decide(bench, appeal(bench, "bee"), Decision.OVERTURN)
    with bench.act(bench.gull) as within:
        run = execution.begin_undo(within, made.plan_id)
    bench.whole(run)
    assert decide(bench, appeal(bench, "ant"), Decision.OVERTURN).restoring == 2


def test_what_the_platform_refused_is_nothing_to_appeal_unless_it_was_asked_twice(room: Room, bench: Bench) -> None:
    made = bench.approved()
    run = bench.begin(made)
    bench.step(run, Refused("has left"), most=2)
    with pytest.raises(Unknown):
        appeal(bench, "ant")
    room.run("UPDATE plan_orders SET asked = 2 WHERE account_id = 'ant'")
    rests_on(room, made, ant="owl")
    with bench.act() as within:
        assert [one.account_id for one in trust.sharing(within, ["owl"])] == ["ant"]
    assert decide(bench, appeal(bench, "ant"), Decision.OVERTURN).restoring == 2


def test_an_upheld_appeal_changes_nothing(room: Room, bench: Bench) -> None:
    made = done(bench)
    before = told(bench)
    assert decide(bench, appeal(bench), Decision.UPHOLD) == Decided(0)
    assert told(bench) == before
    assert room.run("SELECT count(*) FROM plan_orders WHERE direction = 'undo'")[0][0] == 0
    with bench.act() as within:
        assert plan.seen(within, made.plan_id).status is Phase.DONE


def test_an_overturned_one_gives_back_in_reverse_and_tells_discovery_and_the_guard(bench: Bench) -> None:
    made = done(bench)
    decided = decide(bench, appeal(bench), Decision.OVERTURN)
    assert (decided.restoring, decided.lasting) == (2, ())
    with bench.act() as within:
        run = execution.begin_undo(within, made.plan_id)
    back = bench.whole(run)
    assert [(one.account_id, one.action, one.direction) for one in back] == [
        ("ant", Action.SUSPEND, Direction.UNDO),
        ("ant", Action.LIMIT, Direction.UNDO),
    ]
    with bench.act() as within:
        assert plan.seen(within, made.plan_id).status is Phase.DONE
    about_ant = [kind for kind, subject in told(bench) if subject == "ant"]
    assert about_ant == [Kind.BELONGS, Kind.LIMIT, Kind.DOES_NOT_BELONG, Kind.LIFT]


def test_what_was_not_done_yet_is_not_done_after_an_overturn(bench: Bench) -> None:
    made = bench.approved()
    run = bench.begin(made)
    bench.step(run, most=1)
    decide(bench, appeal(bench), Decision.OVERTURN)
    rest = bench.whole(run)
    assert "ant" not in {one.account_id for one in rest}
    assert len(rest) == 7


def test_an_overturn_lowers_trust_in_the_seeds_and_lists_what_else_rests_on_them(room: Room, bench: Bench) -> None:
    made = done(bench)
    rests_on(room, made, ant="owl", bee="owl", cat="owl", dog="rook")
    first = decide(bench, appeal(bench, "ant"), Decision.OVERTURN)
    assert first.trust == (("owl", 0.5),)
    assert [one.account_id for one in first.shared] == ["bee", "cat"]
    assert (Kind.DOUBT, "owl") not in told(bench)
    second = decide(bench, appeal(bench, "bee"), Decision.OVERTURN)
    assert second.trust == (("owl", 1 / 3),)
    assert [one.account_id for one in second.shared] == ["cat"]
    assert (Kind.DOUBT, "owl") in told(bench)
    decide(bench, appeal(bench, "cat"), Decision.UPHOLD)
    with bench.act() as within:
        assert trust.of(within) == {"owl": trust.Trust(1, 2)}
        assert trust.of(within)["owl"].share == 0.5
    assert bench.acts().count("seed_doubted") == 2


def test_who_looks_at_the_trust_in_seeds_may_and_is_recorded(room: Room, bench: Bench) -> None:
    with pytest.raises(Forbidden), bench.act(room.person("dove", Role.VIEWER)) as within:
        trust.listed(within)
    with bench.act(at_shell("own")) as within:
        assert trust.listed(within) == {}
    assert bench.acts()[-1] == "appeals_read"


def test_a_seed_that_was_wrong_about_itself_is_doubted_at_once(room: Room, bench: Bench) -> None:
    made = done(bench)
    rests_on(room, made, ant="ant", bee="ant")
    decide(bench, appeal(bench, "ant"), Decision.OVERTURN)
    assert (Kind.DOUBT, "ant") in told(bench)


def test_a_decider_who_was_demoted_decides_nothing(bench: Bench) -> None:
    done(bench)
    appeal_id = appeal(bench)
    with bench.act(at_shell("own")) as within:
        staff.set_roles(within, "gull", [Role.VIEWER])
    with pytest.raises(Forbidden):
        decide(bench, appeal_id, Decision.OVERTURN)
    assert bench.acts()[-1] != "appeal_decided"


def test_what_is_told_is_told_once_and_in_the_order_in_which_it_was_decided(room: Room, bench: Bench) -> None:
    made = done(bench)
    decide(bench, appeal(bench), Decision.OVERTURN)
    with bench.act() as within:
        outbox.of_orders(within, plan.seen(within, made.plan_id), Direction.DO, [("ant", Action.LIMIT)])
    door, seen = service("own", "feedback"), []
    while True:
        with bench.act(door) as within:
            parcel = outbox.take(within, 3)
            again = outbox.take(within, 3)
        if parcel is None:
            break
        assert again is not None
        assert again == parcel
        assert len({(one.kind, one.by, one.plan_id) for one in parcel.rows}) == 1
        seen += [one.number for one in parcel.rows]
        with bench.act(door) as within:
            outbox.delivered(within, parcel, "there", {parcel.rows[0].number: "is strange"})
    assert seen == sorted(set(seen))
    assert len(seen) == room.count("outbox")
    with bench.act() as within:
        assert outbox.waiting(within) == 0
        assert outbox.troubles(within, made.plan_id)["ant"].endswith("is strange")
        assert holds.listed(within)
