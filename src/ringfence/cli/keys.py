"""ringfence keys"""

from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.guard.service import api_keys
from ringfence.guard.service.api_keys import Role
from ringfence.store import audit

GROUP = typer.Typer(name="keys", help="Who may ask the guard's service what.", no_args_is_help=True)

Named = Annotated[str, typer.Argument(help="The key's name, as the access log will show it.")]


@GROUP.command()
def add(
    name: Named,
    role: Annotated[Role, typer.Option(help="decide: ask for decisions. metrics: read /metrics. admin: both.")] = (
        Role.DECIDE
    ),
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Make a key and print it, this once; only its hash is kept. A service that runs takes it within a second.

    Example: ringfence keys add search-frontend --role decide --workspace platform
    """
    place = say.workspace(workspace)
    with place.lock():
        audit.record(place, audit.Action.KEYS_CHANGED, f"add {api_keys.named(name)} {role}")
        key = api_keys.add(place.guard_keys_file, name, role)
    if as_json:
        say.as_json({"name": name, "role": role, "key": key})
    else:
        typer.echo(key)
        typer.echo("Keep it now: it cannot be shown again. Send it as `Authorization: Bearer KEY`.", err=True)


@GROUP.command("list")
def list_keys(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """List the keys by name, with what each is for and since when.

    Example: ringfence keys list --workspace platform
    """
    keys = api_keys.read(say.workspace(workspace).guard_keys_file)
    if as_json:
        say.as_json({"keys": [{"name": key.name, "role": key.role, "created_at": key.created_at} for key in keys]})
        return
    say.table("", ("name", "role", "since"), [(key.name, key.role, f"{key.created_at:%Y-%m-%d %H:%M}") for key in keys])


@GROUP.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The name of the key.")],
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Take a key back; a service that runs refuses it within a second.

    Example: ringfence keys revoke search-frontend --workspace platform
    """
    place = say.workspace(workspace)
    with place.lock():
        audit.record(place, audit.Action.KEYS_CHANGED, f"revoke {api_keys.named(name)}")
        api_keys.revoke(place.guard_keys_file, name)
    if as_json:
        say.as_json({"revoked": name})
    else:
        typer.echo(f"Key {name} is revoked")
