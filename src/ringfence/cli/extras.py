"""What does a command say that needs more than was installed? Which extra to install."""

from collections.abc import Callable

import typer

from ringfence.model.faults import Fault

EXTRAS = {"sqlalchemy": "console", "alembic": "console", "argon2": "console", "pyotp": "console"}
ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True}  # it is refused, whatever follows it


def refusing(missing: ModuleNotFoundError) -> Callable[[typer.Context], None]:
    """A command that says which extra has the missing module. Raises the error itself where none has."""
    extra = EXTRAS.get((missing.name or "").partition(".")[0])
    if extra is None:
        raise missing

    def command(context: typer.Context) -> None:
        where = f"ringfence {context.info_name}"
        raise Fault(f"needs {missing.name}", where=where, mend=f"run `pip install 'ringfence[{extra}]'`")

    return command
