import threading

import pytest
from tests.cases.conftest import Room

from ringfence.cases import staff
from ringfence.cases.faults import Forbidden, Unknown
from ringfence.cases.people import MAY, Permission, Person, Role, at_shell, may, service
from ringfence.model.faults import Fault


def test_every_role_has_permissions_and_every_permission_a_role() -> None:
    assert set(MAY) == set(Role)
    assert set().union(*MAY.values()) == set(Permission)


def test_no_role_proposes_and_keeps_the_people() -> None:
    for permissions in MAY.values():
        assert not {Permission.PROPOSE_PLANS, Permission.KEEP_PEOPLE} <= permissions
        assert not {Permission.WORK_CASES, Permission.READ_AUDIT} <= permissions


@pytest.mark.parametrize("role", Role)
def test_a_person_may_what_the_roles_may(role: Role) -> None:
    person = Person("wren", "own", "Wren", frozenset({role}))
    assert {one for one in Permission if may(person, one)} == MAY[role]
    nobody = Person("wren", "own", "Wren", frozenset())
    assert not any(may(nobody, one) for one in Permission)


def test_the_shell_works_on_no_case_and_a_service_opens_them_only() -> None:
    able = {one for one in Permission if may(at_shell("own"), one)}
    assert Permission.OPEN_CASES in able
    assert not able & {Permission.WORK_CASES, Permission.PROPOSE_PLANS, Permission.APPROVE_PLANS, Permission.RUN_PLANS}
    assert [one for one in Permission if may(service("own", "sign-in"), one)] == [Permission.OPEN_CASES]


def test_an_id_that_could_be_taken_for_another_is_refused(room: Room) -> None:
    for name in ("shell:root", "service:door", "Wren", "", "a" * 64, "wren\n", "../wren", "wren finch"):
        with room.database.transaction(at_shell("own")) as within, pytest.raises(Fault, match="is no id"):
            staff.add(within, name, "Wren", [Role.ADMINISTRATOR])


def test_people_come_change_and_go(room: Room) -> None:
    with room.database.transaction(at_shell("own")) as within:
        keeper = staff.add(within, "finch", "Finch", [Role.ADMINISTRATOR])
        staff.add(within, "wren", "Wren", [Role.REVIEWER])
        with pytest.raises(Fault, match="on the list already"):
            staff.add(within, "wren", "Wren", [])
    with room.database.transaction(keeper) as within:
        staff.set_roles(within, "wren", [Role.SENIOR_REVIEWER, Role.LEXICON_KEEPER])
        with pytest.raises(Forbidden, match="own roles"):
            staff.set_roles(within, "finch", [Role.ADMINISTRATOR, Role.SENIOR_REVIEWER])
        with pytest.raises(Unknown):
            staff.leave(within, "nobody")
    with room.database.transaction(keeper) as within:
        staff.leave(within, "wren")
        told = {one.person.id: (one.active, one.person.roles) for one in staff.everyone(within)}
    assert told == {"finch": (True, {Role.ADMINISTRATOR}), "wren": (False, frozenset())}
    acts = [row[0] for row in room.run("SELECT act FROM audit WHERE number > 1 ORDER BY number")]
    assert acts == ["person_added", "person_added", "roles_changed", "person_left", "people_read"]


def test_two_administrators_who_remove_each_other_at_once_leave_one(room: Room) -> None:
    two = [room.person(name, Role.ADMINISTRATOR) for name in ("finch", "wren")]
    refused: list[Forbidden] = []

    def remove(who: Person, other: Person) -> None:
        try:
            with room.database.transaction(who) as within:
                staff.set_roles(within, other.id, [Role.VIEWER])
        except Forbidden as fault:
            refused.append(fault)

    both = [threading.Thread(target=remove, args=(one, other)) for one, other in (two, two[::-1])]
    for one in both:
        one.start()
    for one in both:
        one.join()
    left = room.run("SELECT count(*) FROM roles WHERE role = 'administrator'")[0][0]
    assert (left, len(refused)) == (1, 1)


def test_only_an_administrator_keeps_the_people(room: Room) -> None:
    for role in set(Role) - {Role.ADMINISTRATOR}:
        person = room.person(str(role), role)
        with room.database.transaction(person) as within, pytest.raises(Forbidden, match="may not keep people"):
            staff.add(within, "finch", "Finch", [Role.ADMINISTRATOR])


def test_an_administrator_of_one_tenant_reaches_nobody_of_another(room: Room) -> None:
    room.database.welcome("reef")
    room.person("wren", Role.REVIEWER)
    stranger = room.person("gull", Role.ADMINISTRATOR, tenant="reef")
    with room.database.transaction(stranger) as within:
        assert [one.person.id for one in staff.everyone(within)] == ["gull"]
        with pytest.raises(Unknown):
            staff.set_roles(within, "wren", [])
    assert room.run("SELECT role FROM roles WHERE person_id = 'wren'") == [("reviewer",)]
