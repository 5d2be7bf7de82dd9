"""ringfence media bank"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from ringfence.cli import media_rematch, say
from ringfence.media import hashes
from ringfence.media.banks.bank import OWN, Bank, Remedy
from ringfence.media.banks.banks import Banks
from ringfence.media.banks.contents import Content
from ringfence.media.banks.reviews import Act
from ringfence.media.hashes import LEAST_QUALITY, RADIUS
from ringfence.media.items import Item, Signal
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion
from ringfence.store import audit

GROUP = typer.Typer(name="bank", help="Banks of known hashes, and what reviewers said of them.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The bank's name.")]
Number = Annotated[int, typer.Argument(help="The number of a content, as `ringfence media bank show` has it.")]
By = Annotated[str, typer.Option(help="Who decides. It is recorded.")]
Why = Annotated[str, typer.Option(help="Why, in your own words.")]
SETTINGS = ("name", "source", "opinion", "radius", "least_quality", "action", "rollout", "sources_needed", "vetted")


@GROUP.command()
def add(
    name: Name,
    source: Annotated[str, typer.Option(help="Where its hashes come from.")] = OWN,
    opinion: Annotated[Opinion, typer.Option(help="What it holds; a negative bank's never match.")] = Opinion.POSITIVE,
    radius: Annotated[int, typer.Option(help="How many bits of 256 a match may differ in, 0 to 52.")] = RADIUS,
    least_quality: Annotated[int, typer.Option(help="The quality below which pictures are passed over.")] = (
        LEAST_QUALITY
    ),
    action: Annotated[Remedy, typer.Option(help="What may follow from a match.")] = Remedy.REVIEW,
    rollout: Annotated[float, typer.Option(help="The share of media on which it acts, 0 to 1.")] = 1.0,
    sources_needed: Annotated[int, typer.Option(help="How many sources must know a picture before it acts.")] = 1,
    vetted: Annotated[bool, typer.Option("--vetted/--not-vetted", help="Whether its source reviews entries.")] = True,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Add an empty bank.

    Example: ringfence media bank add kittiwake --source aviary --action suppress --workspace platform
    """
    bank = Bank(name, source, opinion, radius, least_quality, action, rollout, sources_needed, vetted)
    with _banks(workspace) as banks:
        banks.add(bank)
    _say({"added": asdict(bank)}, f"Bank {name} is there, and empty", as_json=as_json)


@GROUP.command("list")
def list_(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show every bank with its settings and its size. The read is audited.

    Example: ringfence media bank list --workspace platform
    """
    _read(workspace, "all banks")
    with _banks(workspace) as banks:
        rows = [asdict(bank) | asdict(banks.size(name)) for name, bank in banks.every().items()]
    columns = (*SETTINGS, "contents", "entries")
    if as_json:
        say.as_json({"banks": rows})
        return
    say.table("", columns, [[row[name] for name in columns] for row in rows])


@GROUP.command()
def show(
    name: Name,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many contents to show.")] = 20,
    after: Annotated[int, typer.Option(help="Only contents after this number.")] = 0,
    content: Annotated[int | None, typer.Option(help="One content only, with its hashes and its history.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Show what a bank holds, and of one content its hashes and who said what of it. The read is audited.

    Example: ringfence media bank show kittiwake --content 12 --workspace platform
    """
    _read(workspace, f"bank {name}" + (f", content {content}" if content is not None else ""))
    with _banks(workspace) as banks:
        if content is None:
            _contents(banks.contents(name, limit, after), as_json=as_json)
        else:
            _content(banks, name, content, as_json=as_json)


@GROUP.command("set")
def set_(
    name: Name,
    opinion: Annotated[Opinion | None, typer.Option(help="What it holds.")] = None,
    radius: Annotated[int | None, typer.Option(help="How many bits of 256 a match may differ in, 0 to 52.")] = None,
    least_quality: Annotated[int | None, typer.Option(help="Below it pictures are passed over.")] = None,
    action: Annotated[Remedy | None, typer.Option(help="What may follow from a match.")] = None,
    rollout: Annotated[float | None, typer.Option(help="The share of media on which it acts, 0 to 1.")] = None,
    sources_needed: Annotated[int | None, typer.Option(help="How many sources must know a picture.")] = None,
    vetted: Annotated[bool | None, typer.Option("--vetted/--not-vetted", help="Whether its source reviews.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Change settings of a bank. They hold from the next query on.

    Example: ringfence media bank set kittiwake --rollout 0.5 --workspace platform
    """
    given: dict[str, Any] = {
        "opinion": opinion, "radius": radius, "least_quality": least_quality, "action": action, "rollout": rollout,
        "sources_needed": sources_needed, "vetted": vetted,
    }  # fmt: skip
    told = {setting: value for setting, value in given.items() if value is not None}
    if not told:
        raise Fault("nothing to set", where=f"bank {name}", mend="give an option, see --help")
    with _banks(workspace) as banks:
        known = banks.every()
        if name not in known:
            raise Fault("is no bank", where=repr(name), mend="see `ringfence media bank list`")
        bank = replace(known[name], **told)
        banks.change(name, bank)
    _say(
        {"set": asdict(bank)},
        f"Bank {name}: {', '.join(f'{one} = {value}' for one, value in told.items())}",
        as_json=as_json,
    )


@GROUP.command()
def put(
    name: Name,
    by: By,
    pdq: Annotated[list[str] | None, typer.Option(help="A PDQ hash, 64 hexadecimal digits.")] = None,
    md5: Annotated[list[str] | None, typer.Option(help="An MD5 digest.")] = None,
    sha1: Annotated[list[str] | None, typer.Option(help="A SHA-1 digest.")] = None,
    sha256: Annotated[list[str] | None, typer.Option(help="A SHA-256 digest.")] = None,
    quality: Annotated[int | None, typer.Option(min=0, max=100, help="The quality of the PDQ hashes.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="A label of it.")] = None,
    note: Annotated[str | None, typer.Option(help="A note for reviewers.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Put one piece of media, by its hashes, into a bank. It matches from the next query on.

    Example: ringfence media bank put kittiwake --pdq 0f1e... --quality 90 --by wren --workspace platform
    """
    texts = {HashKind.PDQ: pdq, HashKind.MD5: md5, HashKind.SHA1: sha1, HashKind.SHA256: sha256}
    signals = tuple(
        Signal(kind, hashes.parse(kind, text, f"--{kind}"), quality if kind is HashKind.PDQ else None)
        for kind, some in texts.items()
        for text in some or ()
    )
    if not signals:
        raise Fault("no hash", where=f"bank {name}", mend="give --pdq, --md5, --sha1 or --sha256")
    with _banks(workspace) as banks:
        content = banks.put(name, Item("", signals, tuple(label or ())), by=by, note=note)
    _say({"content": content, "hashes": len(signals)}, f"Content {content} is in bank {name}", as_json=as_json)


@GROUP.command()
def remove(
    name: Name,
    by: By,
    content: Annotated[int | None, typer.Option(help="Only this content.")] = None,
    whole: Annotated[bool, typer.Option("--whole", help="The bank with all it holds, and all said of it.")] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Take a content out of a bank, or remove the bank. To keep what an exchange sends from acting, deconfirm it.

    Example: ringfence media bank remove kittiwake --content 12 --by wren --workspace platform
    """
    if whole == (content is not None):
        raise Fault("say what goes", where=f"bank {name}", mend="give either --content or --whole")
    with _banks(workspace) as banks:
        if content is None:
            banks.remove(name, by=by)
        else:
            _of(banks, name, content)
            banks.withdraw(content, by=by)
    what = f"Bank {name}" if content is None else f"Content {content}"
    _say({"bank": name, "content": content}, f"{what} is gone; the next query no longer matches it", as_json=as_json)


@GROUP.command()
def confirm(content: Number, by: By, why: Why, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Say that a content is what its bank says. Its source is told, and it is never held for a flood.

    Example: ringfence media bank confirm 12 --by wren --why "looked at it" --workspace platform
    """
    _act(content, Act.CONFIRM, by, why, workspace, as_json=as_json)


@GROUP.command()
def deconfirm(content: Number, by: By, why: Why, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Say that a content is not what its bank says. It does nothing from the next query on, and its source is told.

    Example: ringfence media bank deconfirm 12 --by wren --why "a nest" --workspace platform
    """
    _act(content, Act.DECONFIRM, by, why, workspace, as_json=as_json)


@GROUP.command()
def quarantine(
    content: Annotated[int | None, typer.Argument(help="A content to hold; without one, show those held.")] = None,
    by: Annotated[str, typer.Option(help="Who decides. It is recorded.")] = "",
    why: Annotated[str, typer.Option(help="Why, in your own words.")] = "",
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Hold a content, so that its matches go to a person only; or show what is held, by people or for a flood.

    Example: ringfence media bank quarantine --workspace platform
    """
    if content is not None:
        _act(content, Act.QUARANTINE, by, why, workspace, as_json=as_json)
        return
    _read(workspace, "quarantine")
    with _banks(workspace) as banks:
        _contents(banks.held(), as_json=as_json)


@GROUP.command()
def release(content: Number, by: By, why: Why, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Let a content out of quarantine. It acts again, and is not held for a flood any more.

    Example: ringfence media bank release 12 --by wren --why "it is that widespread" --workspace platform
    """
    _act(content, Act.RELEASE, by, why, workspace, as_json=as_json)


GROUP.command("rematch")(media_rematch.command)


@contextmanager
def _banks(workspace: Any) -> Iterator[Banks]:
    banks = Banks.of(say.workspace(workspace))
    try:
        yield banks
    finally:
        banks.close()


def _read(workspace: Any, subject: str) -> None:
    audit.record(say.workspace(workspace), audit.Action.MEDIA_BANK_READ, subject)


def _act(content: int, act: Act, by: str, why: str, workspace: Any, *, as_json: bool) -> None:
    with _banks(workspace) as banks:
        banks.say(content, act, by=by, why=why)
    _say({"content": content, "act": act, "by": by}, f"Content {content}: {act}, by {by}", as_json=as_json)


def _of(banks: Banks, name: str, content: int) -> Content:
    one = banks.content(content)
    if one.bank.casefold() != name.casefold():
        raise Fault(f"is not in bank {name}", where=f"content {content}", mend=f"it is in {one.bank}")
    return one


def _contents(some: Sequence[Content], *, as_json: bool) -> None:
    if as_json:
        say.as_json({"contents": [asdict(one) for one in some]})
        return
    columns = ("content", "bank", "source_id", "labels", "opinion", "review", "held", "note")
    rows = [(one.content, one.bank, one.source_id, ", ".join(one.labels), one.opinion, one.review, one.held, one.note)
            for one in some]  # fmt: skip
    say.table("", columns, rows)


def _content(banks: Banks, name: str, content: int, *, as_json: bool) -> None:
    one, signals, history = _of(banks, name, content), banks.signals(content), banks.history(content)
    kept = [{"kind": each.kind, "value": each.value.hex(), "quality": each.quality} for each in signals]
    if as_json:
        say.as_json(asdict(one) | {"hashes": kept, "history": [asdict(each) for each in history]})
        return
    _contents([one], as_json=False)
    say.table("", ("kind", "value", "quality"), [tuple(row.values()) for row in kept])
    said = [(f"{each.at:%Y-%m-%d %H:%M}" if each.at else "", each.act, each.by, each.why) for each in history]
    say.table("", ("at", "act", "by", "why"), said)


def _say(answer: dict[str, Any], line: str, *, as_json: bool) -> None:
    if as_json:
        say.as_json(answer)
    else:
        typer.echo(line)
