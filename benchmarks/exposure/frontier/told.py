"""What did the worlds say? A table a condition, and a picture of leak against collateral with the target marked."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from benchmarks.exposure.frontier.kept import FIRST, HERE, WORLDS, Measured, read
from benchmarks.exposure.frontier.worlds import CONDITIONS
from numpy.typing import NDArray

from ringfence.demo import tables
from ringfence.exposure.estimates import Estimate
from ringfence.pictures import svg
from ringfence.pictures.tradeoff import SIZE, Target, tradeoff
from ringfence.store.disk import write_whole

TARGETS = tomllib.loads((HERE / "targets.toml").read_text())
RESULT = HERE.parents[1] / "results" / "frontier.md"
PICTURES = HERE.parents[2] / "docs" / "pictures"
DRAWS, TITLE = 2_000, 30
NONE = Estimate(np.nan, np.nan, np.nan, 0)
PLAIN = ("friend-of-friend", "item-based", "SALSA")
# The conditions that the target is set for, and those in which the rule before ours broke.
TARGETED = ("random", "newest", "camouflaged", "network")
BREAKING = tuple(name for name in CONDITIONS if name not in TARGETED)
AXES = ("innocent slots displaced", "shown a withheld member")
HEADER = (
    "recommender", "arm", "shown", "most shown", "displaced", "most displaced", "viewers touched", "backfilled",
    "empty", "both met",
)  # fmt: skip

Worlds = Sequence[Sequence[Measured]]
Arms = Mapping[tuple[str, str], list[Measured]]


def write() -> None:
    """Put the table into benchmarks/results and the pictures into the docs, of all worlds that are measured."""
    worlds = {name: _worlds(name) for name in CONDITIONS}
    tables.write(RESULT, list(lines(worlds)), "python -m benchmarks.exposure.frontier.run")
    for name, conditions in (("frontier", TARGETED), ("frontier-hard", BREAKING)):
        write_whole(PICTURES / f"{name}.svg", picture({one: worlds[one] for one in conditions}).encode())


def _worlds(condition: str) -> Worlds:
    return [rows for seed in range(FIRST, FIRST + WORLDS) if (rows := read(condition, seed))]


def _by_arm(worlds: Worlds) -> Arms:
    arms: dict[tuple[str, str], list[Measured]] = {}
    for rows in worlds:
        for row in rows:
            arms.setdefault((row.recommender, row.arm), []).append(row)
    return dict(sorted(arms.items(), key=lambda one: one[0][0]))


def lines(worlds: Mapping[str, Worlds]) -> Iterator[str]:
    yield f"Worlds from {FIRST} on. Shown: test accounts that follow one withheld member and meet one in ten slates."
    yield "Displaced: innocent slots of 3,000 viewers that change hands; no threshold was set on these viewers."
    yield "Means over worlds, with 95% intervals by a bootstrap over whole worlds."
    yield f"Both met: worlds with at most {TARGETS['leak']:.0%} shown and at most {TARGETS['displaced']:.0%} displaced."
    yield ""
    for condition, measured in worlds.items():
        if measured:
            yield from [f"## {condition}, {len(measured)} worlds", ""]
            yield from tables.table(HEADER, [_row(*one) for one in _by_arm(measured).items()])


def _row(key: tuple[str, str], rows: Sequence[Measured]) -> list[str]:
    ever, displaced = np.array([row.ever for row in rows]), np.array([row.displaced for row in rows])
    both = int(((ever <= TARGETS["leak"]) & (displaced <= TARGETS["displaced"])).sum())
    return [
        *key, _told(_mean(ever), 1), f"{ever.max():.1%}", _told(_mean(displaced), 2), f"{displaced.max():.2%}",
        f"{np.mean([row.viewers for row in rows]):.1%}", f"{np.mean([row.backfilled for row in rows]):.1%}",
        f"{np.mean([row.empty for row in rows]):.1%}", f"{both} of {len(rows)}",
    ]  # fmt: skip


def _mean(values: NDArray[np.float64]) -> Estimate:
    drawn = np.random.default_rng(0).choice(values, (DRAWS, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(float(values.mean()), float(low), float(high), len(values))


def _told(mean: Estimate, places: int) -> str:
    return f"{mean.value:.{places}%} [{mean.low:.{places}%}, {mean.high:.{places}%}]"


def picture(worlds: Mapping[str, Worlds]) -> str:
    """A row of panels for each condition, a panel for each recommender."""
    shown = {name: measured for name, measured in worlds.items() if measured}
    wide, high = SIZE[0] * len(PLAIN), (SIZE[1] + TITLE) * len(shown)
    panels = [panel for row, one in enumerate(shown.items()) for panel in _panels(row, *one)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" font-family="sans-serif">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(panels)}</svg>\n'
    )


def _panels(row: int, condition: str, measured: Worlds) -> Iterator[str]:
    top, arms = row * (SIZE[1] + TITLE), _by_arm(measured)
    names = dict.fromkeys(arm for recommender in PLAIN for whose, arm in arms if whose == recommender)
    for column, recommender in enumerate(PLAIN):
        # An arm that this recommender has not is drawn nowhere, and keeps its colour.
        points = {arm: _point(arms[recommender, arm]) if (recommender, arm) in arms else (NONE, NONE) for arm in names}
        panel = tradeoff(f"{row}-{column}", AXES, points, Target(TARGETS["displaced"], TARGETS["leak"]))
        at = f'x="{column * SIZE[0]:g}" y="{top + TITLE:g}" width="{SIZE[0]:g}" height="{SIZE[1]:g}"'
        title = f"{condition}, {recommender}, {len(measured)} worlds"
        yield svg.text(column * SIZE[0] + 10, top + TITLE - 6, title, size=17, bold=True)
        yield panel.replace("<svg ", f"<svg {at} ", 1)


def _point(rows: Sequence[Measured]) -> tuple[Estimate, Estimate]:
    return _mean(np.array([row.displaced for row in rows])), _mean(np.array([row.ever for row in rows]))


if __name__ == "__main__":
    write()
