"""ringfence people"""

import sys
from typing import Annotated

import typer

from ringfence.cases import credentials, keys, staff
from ringfence.cases.people import Role
from ringfence.cli import say
from ringfence.cli.desk import desk

GROUP = typer.Typer(
    name="people", help="Who works on cases, in which roles, and how they sign in.", no_args_is_help=True
)
PersonId = Annotated[str, typer.Argument(help="The person's id: lower-case letters, digits, dots and dashes.")]
Roles = Annotated[list[Role], typer.Option("--role", help="A role; give it again for more than one.")]


@GROUP.command("list")
def list_(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show who works on cases, or has. The read is audited.

    Example: ringfence people list --workspace platform
    """
    with desk(workspace) as at, at.act() as within:
        everyone = staff.everyone(within)
    rows = [(one.person.id, one.person.name, sorted(one.person.roles), one.active) for one in everyone]
    if as_json:
        say.as_json({"people": [dict(zip(("id", "name", "roles", "active"), row, strict=True)) for row in rows]})
        return
    told = [(who, name, ", ".join(roles) if active else "has left") for who, name, roles, active in rows]
    say.table("", ("id", "name", "roles"), told)


@GROUP.command()
def add(
    person: PersonId,
    role: Roles,
    name: Annotated[str, typer.Option(help="Their name, as others see it.")] = "",
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Put somebody on the list of people. To sign in they need a password too: `ringfence people password`.

    Example: ringfence people add wren --role reviewer --workspace platform
    """
    with desk(workspace) as at, at.act() as within:
        made = staff.add(within, person, name or person, role)
    if as_json:
        say.as_json({"id": made.id, "roles": sorted(made.roles)})
    else:
        typer.echo(f"{made.id} is {', '.join(sorted(made.roles))}")


@GROUP.command()
def roles(person: PersonId, role: Roles, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Give somebody these roles and no others, from their next act on.

    Example: ringfence people roles wren --role senior_reviewer --role lexicon_keeper --workspace platform
    """
    with desk(workspace) as at, at.act() as within:
        staff.set_roles(within, person, role)
    if as_json:
        say.as_json({"id": person, "roles": sorted(role)})
    else:
        typer.echo(f"{person} is {', '.join(sorted(role))}")


@GROUP.command()
def remove(person: PersonId, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Take somebody's roles and their way in. What they did stays in the audit under their id.

    Example: ringfence people remove wren --workspace platform
    """
    with desk(workspace) as at, at.act() as within:
        staff.leave(within, person)
    if as_json:
        say.as_json({"removed": person})
    else:
        typer.echo(f"{person} works here no more")


@GROUP.command()
def password(person: PersonId, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Set somebody's password, read from the terminal or the first line of standard input, and make a new TOTP secret.

    The address of the secret is for their authenticator app. It is shown this once.

    Example: ringfence people password wren --workspace platform
    """
    say.workspace(workspace)  # before anybody types a password
    typed = typer.prompt("Password", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    hashed = credentials.hashed(typed.rstrip("\n"))
    with desk(workspace) as at, at.act() as within:
        credentials.set_password(within, person, hashed)
        address = credentials.set_totp(within, person, keys.sealing_key(at.workspace.path))
    if as_json:
        say.as_json({"id": person, "totp": address})
    else:
        typer.echo(address)
