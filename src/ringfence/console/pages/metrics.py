"""How well do we do? Figures of transparency, each with the rows that it rests on behind it."""

import csv
import io
from datetime import timedelta
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from ringfence.cases.faults import Unknown
from ringfence.cases.people import Permission
from ringfence.cases.transaction import Transaction
from ringfence.console import drawing
from ringfence.console.asking import Asker, Asking
from ringfence.console.figure_rows import Source
from ringfence.console.figures import FIGURES, Figure, Told
from ringfence.console.page import Page
from ringfence.model.faults import Fault

PERIODS = (7, 30, 90, 365)
DAYS = 30
Days = Annotated[int, Query(ge=1, le=3_660)]


def show(asking: Asker, days: Days = DAYS) -> Response:
    """All figures of the last days."""
    tiles: list[tuple[Figure, Told | None, str]] = []
    with asking.act() as within:
        within.demand(Permission.READ_METRICS)
        source = _source(asking, within, days)
        for figure in FIGURES:
            try:
                tiles.append((figure, figure.told(figure.rows(source)), ""))
            except Fault as fault:
                tiles.append((figure, None, f"{fault.where}: {fault.what}"))
    return drawing.drawn(asking, "metrics.html", tiles=tiles, days=days, periods=PERIODS, since=source.since)


def rows(asking: Asker, name: str, days: Days = DAYS) -> Response:
    """The rows behind one figure, as CSV: the tile can be worked out from them."""
    figure = _named(name)
    with asking.act() as within:
        within.demand(Permission.READ_METRICS)
        told = figure.rows(_source(asking, within, days))
    out = io.StringIO()
    written = csv.writer(out, lineterminator="\n")
    written.writerow(figure.columns)
    written.writerows([_harmless(cell) for cell in row] for row in told)
    headers = {"content-disposition": f'attachment; filename="{figure.name}-{days}-days.csv"'}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _source(asking: Asking, within: Transaction, days: int) -> Source:
    return Source(within, asking.settings.workspace, within.at - timedelta(days=days))


def _named(name: str) -> Figure:
    for figure in FIGURES:
        if name == figure.name:
            return figure
    raise Unknown("there is no such figure", where=repr(name[:63]), mend="choose one of the page")


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


PAGES = (
    Page("/metrics", "metrics", show, Permission.READ_METRICS, menu="Metrics"),
    Page("/metrics/{name}.csv", "metric_rows", rows, Permission.READ_METRICS),
)
