"""What is known of an account by itself? Its features, how active it is, and where it stands in each relation."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ringfence.discovery.aggregates import Circle, Matrix
from ringfence.graph.local import propagate
from ringfence.graph.relations import Graph, Ties
from ringfence.graph.spectral import spectral

PLACES = 16  # directions of each relation


@dataclass(frozen=True, slots=True)
class Columns:
    """`values` is accounts x columns, named."""

    values: Matrix
    names: tuple[str, ...]


def known(graph: Graph) -> Columns:
    """Features as they were given, and the activity of each account in each relation."""
    made = [_activity(ties) for ties in graph.relations if ties.forward.ties or ties.alone.any()]
    values = [one.values for one in made]
    names = [name for one in made for name in one.names]
    if graph.features is not None:
        values.insert(0, graph.features)
        names = [*(f"feature {number}" for number in range(graph.features.shape[1])), *names]
    return Columns(np.hstack(values) if values else np.empty((graph.size, 0), np.float32), tuple(names))


def places(around: tuple[Circle, ...], accounts: int) -> Columns:
    """Where accounts stand in each relation: two that tie to the same stand close together."""
    made = [_places(one) for one in around]
    names = tuple(
        f"direction {number} of what it ties to ({one.name})"
        for one, place in zip(around, made, strict=True)
        for number in range(1, place.shape[1] + 1)
    )
    return Columns(np.hstack([np.empty((accounts, 0), np.float32), *made]), names)


def _activity(ties: Ties) -> Columns:
    out, back = ties.forward.degree(), ties.backward.degree()
    ones = np.ones((ties.forward.columns, 1), np.float32)
    total = propagate(ties.forward, ones)[:, 0]
    columns = {
        "number of {} ties": out + ties.alone,
        "weight of {} ties": total,
        "number of {} ties nobody shares": ties.alone,
    }
    if ties.objects is None:
        columns |= {"number of {} ties to it": back, "number of {} ties either way": out + back}
    values = [np.log1p(column.astype(np.float64)) for column in columns.values()]
    values.append(total / np.maximum(out, 1))
    names = [*columns, "rarity of its {} ties"]
    return Columns(np.column_stack(values).astype(np.float32), tuple(name.format(ties.relation) for name in names))


def _places(circle: Circle) -> Matrix:
    """The leading left singular vectors of the ties, each with mean square 1.

    Ties to objects have their weights, which say how rare an object is. Those to accounts are normalised by degree, and
    the mean degree is added before, lest the vectors stand for small islands (Qin and Rohe, "Regularized spectral
    clustering under the degree-corrected stochastic blockmodel", 2013).
    """
    matrix = circle.matrix
    count = min(PLACES, min(matrix.rows, matrix.columns) - 1)
    if count < 1:
        return np.empty((matrix.rows, 0), np.float32)
    if circle.users is None:
        damped = _damped(matrix.degree())  # the ties go both ways, so columns have the degrees of rows
        matrix = replace(matrix, weights=(damped[matrix.sources()] * damped[matrix.targets]).astype(np.float32))
    found = spectral([(matrix, matrix.transposed())], count, seed=0)
    lengths = np.sqrt((found.astype(np.float64) ** 2).mean(axis=0))
    return np.asarray(found / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def _damped(degree: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / np.sqrt(degree + max(degree.mean(), 1.0)))
