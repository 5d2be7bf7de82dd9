"""Where does each account stand on the map of its network? Tied ones near one another, the others apart.

A force-directed layout: ties pull (Fruchterman and Reingold 1991), and everybody pushes everybody. The push is one of
charges on a grid, worked out for all cells at once by a Fourier transform, so that thousands of accounts take a second.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.spatial import cKDTree

SEED = 8  # the same network stands the same way, wherever it is drawn
ROUNDS, FEWEST_ROUNDS = 240, 60
ENOUGH = 600_000  # rounds x accounts; larger networks get fewer rounds
FINE, COARSE, FEW = 128, 64, 2_000  # cells a side of the grid, and up to how many accounts a coarse one does
SIDE = 1_000.0  # the map is as wide as high; units mean nothing else
PULL, GRAVITY = 1.0, 0.03
ALONE = 3.0  # how much nearer to the middle those without a tie are drawn
APART = 0.55  # of the mean room an account has: nobody stands nearer to anybody
UNTANGLED = 12  # rounds of moving those apart who stand too near

Places = NDArray[np.float64]  # accounts x 2
Ends = NDArray[np.int64]
Amounts = NDArray[np.float64]


def places(size: int, first: Ends, second: Ends, weight: Amounts) -> Places:
    """A place in a square of SIDE for each of `size` accounts, tied pairwise; the same for the same arguments."""
    if size <= 1:
        return np.full((size, 2), SIDE / 2)
    chance = np.random.default_rng(SEED)
    stand = chance.normal(0, np.sqrt(size), (size, 2))
    tied = np.bincount(np.concatenate((first, second)), minlength=size)
    # Who has many ties is held by each of them less, so that no hub swallows its neighbours.
    hold = np.sqrt(weight / max(float(weight.mean()), 1e-9)) if len(weight) else weight
    pull = PULL * hold / np.sqrt(np.minimum(tied[first], tied[second]))
    charge = 1 + np.sqrt(tied.astype(np.float64))
    home = GRAVITY * np.where(tied == 0, ALONE, 1.0)
    field = _Field(COARSE if size <= FEW else FINE)
    rounds = max(FEWEST_ROUNDS, min(ROUNDS, ENOUGH // size))
    for turn in range(rounds):
        force = field.push(stand, charge) * charge[:, None] - stand * (home * charge)[:, None]
        along = (stand[second] - stand[first]) * pull[:, None]
        for axis in range(2):
            force[:, axis] += np.bincount(first, along[:, axis], size) - np.bincount(second, along[:, axis], size)
        length = np.linalg.norm(force, axis=1, keepdims=True)
        step = np.sqrt(size) * 0.25 * (1 - turn / rounds) ** 2 + 1e-3
        stand += force * np.minimum(1, step / np.maximum(length, 1e-9))
    return _fitted(_untangled(stand))


class _Field:
    """What charges on a grid do to one another. The transform of the push of one cell is worked out once."""

    def __init__(self, cells_a_side: int) -> None:
        self.side = cells_a_side
        cells = np.arange(-self.side, self.side)
        across, down = np.meshgrid(cells, cells, indexing="ij")
        square = (across**2 + down**2).astype(np.float64)
        square[self.side, self.side] = np.inf  # a cell does not push itself
        self.kernels = [fft.rfft2(fft.ifftshift(axis / square)) for axis in (across, down)]

    def push(self, stand: Places, charge: Amounts) -> Places:
        """The force of all charges at each place, falling off with the distance."""
        low = stand.min(axis=0)
        cell = max(float((stand.max(axis=0) - low).max()) / (self.side - 2), 1e-9)
        at = (stand - low) / cell
        corner = np.floor(at).astype(np.int64)
        share = at - corner
        grid = np.zeros((2 * self.side, 2 * self.side))
        corners = [
            (
                corner[:, 0] + right,
                corner[:, 1] + up,
                np.abs(1 - right - share[:, 0]) * np.abs(1 - up - share[:, 1]),
            )
            for right in (0, 1)
            for up in (0, 1)
        ]
        for column, row, part in corners:
            np.add.at(grid, (column, row), charge * part)
        spread = fft.rfft2(grid)
        force = np.zeros_like(stand)
        for axis, kernel in enumerate(self.kernels):
            field = fft.irfft2(spread * kernel, grid.shape) / cell
            for column, row, part in corners:
                force[:, axis] += field[column, row] * part
        return force


def _untangled(stand: Places) -> Places:
    """Move apart those who stand nearer than there is room for."""
    spread = stand.max(axis=0) - stand.min(axis=0)
    least = APART * float(np.sqrt(max(spread[0] * spread[1], 1e-9) / len(stand)))
    for _ in range(UNTANGLED):
        pairs = cKDTree(stand).query_pairs(least, output_type="ndarray")
        if not len(pairs):
            break
        one, other = pairs[:, 0], pairs[:, 1]
        apart = stand[one] - stand[other]
        length = np.linalg.norm(apart, axis=1, keepdims=True)
        # Two at one place part along a line that depends on who they are, and on nothing else.
        turn = (one * 2.399963)[:, None]
        apart = np.where(length > 1e-9, apart / np.maximum(length, 1e-9), np.hstack((np.cos(turn), np.sin(turn))))  # noqa: PLR2004
        move = apart * (least - length) / 2
        for axis in range(2):
            stand[:, axis] += 0.5 * (
                np.bincount(one, move[:, axis], len(stand)) - np.bincount(other, move[:, axis], len(stand))
            )
    return stand


def _fitted(stand: Places) -> Places:
    low, high = stand.min(axis=0), stand.max(axis=0)
    scale = SIDE / max(float((high - low).max()), 1e-9)
    fitted: Places = np.round((stand - (low + high) / 2) * scale + SIDE / 2, 2)
    return fitted
