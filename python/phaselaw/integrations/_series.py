# SPDX-License-Identifier: Apache-2.0
"""A record of one loss by step in bounded memory.

Rows are kept as they are while there are at most `limit`. When there are more, neighbouring rows are averaged in pairs,
and later rows are averaged over blocks of the same number of rows, which doubles each time. So all rows are means over
equally many rows, as if the trainer had logged less often. Their noise is the noise of such means, equal along the curve,
and an estimate of it from differences between rows remains valid. Step, loss and learning rate are arithmetic means over a
block. Details within the first block are lost.

Cost: about 1 us per row; at most `limit` blocks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

# A run with so many losses in a row that are not finite has diverged; fewer can be a batch that the trainer skips.
NOT_FINITE_ROWS = 3


class _Block:
    """Sums over neighbouring rows."""

    __slots__ = ("first", "last", "rows", "steps", "finite", "losses", "rated", "rates")

    def __init__(self, step: float) -> None:
        self.first = self.last = step
        self.rows = self.finite = self.rated = 0
        self.steps = self.losses = self.rates = 0.0

    def add(self, step: float, loss: float, rate: float | None) -> None:
        self.last = step
        self.rows += 1
        self.steps += step
        if math.isfinite(loss):
            self.finite += 1
            self.losses += loss
        if rate is not None and math.isfinite(rate):
            self.rated += 1
            self.rates += rate

    def join(self, later: _Block) -> None:
        self.last = later.last
        self.rows += later.rows
        self.steps += later.steps
        self.finite += later.finite
        self.losses += later.losses
        self.rated += later.rated
        self.rates += later.rates

    def loss(self) -> float:
        """Returns the mean of the finite losses; NaN if most of the losses are not finite."""
        return self.losses / self.finite if 2 * self.finite >= self.rows and self.finite else math.nan


class Series:
    """Losses by step in at most `limit` rows.

    Attributes
    ----------
    rows : int
        Rows that were added and are still represented.
    width : int
        Rows over which each row of columns() is averaged; 1 if nothing was averaged.
    not_finite : int
        Losses that were not finite, without a finite one after them.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._blocks: list[_Block] = []
        self.width = 1
        self.rows = 0
        self.not_finite = 0

    @property
    def last_step(self) -> float:
        """The largest step; minus infinity without rows."""
        return self._blocks[-1].last if self._blocks else -math.inf

    def add(self, step: float, loss: float, rate: float | None = None) -> None:
        """Adds a row. A step below the last one means that the run was resumed there: later rows are forgotten."""
        if step < self.last_step:
            self.rewind(step)
        blocks = self._blocks
        if not blocks or (blocks[-1].rows >= self.width and step > blocks[-1].last):
            blocks.append(_Block(step))
        blocks[-1].add(step, loss, rate)
        self.rows += 1
        self.not_finite = 0 if math.isfinite(loss) else self.not_finite + 1
        if len(blocks) > self._limit:
            self._thin()

    def rewind(self, step: float) -> None:
        """Forgets the rows from this step on."""
        while self._blocks and self._blocks[-1].last >= step:
            self.rows -= self._blocks.pop().rows
        self.not_finite = 0
        if not self._blocks:
            self.width = 1

    def _thin(self) -> None:
        blocks = self._blocks
        for first, second in zip(blocks[::2], blocks[1::2]):
            first.join(second)
        self._blocks = blocks[::2]
        self.width *= 2

    def state_dict(self) -> dict[str, Any]:
        """Returns the rows as plain numbers."""
        return {"width": self.width, "blocks": [[getattr(block, key) for key in _Block.__slots__] for block in self._blocks]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Replaces the rows by those of state_dict()."""
        self._blocks = []
        for values in state["blocks"]:
            block = _Block(values[0])
            for key, value in zip(_Block.__slots__, values, strict=True):
                setattr(block, key, value)
            self._blocks.append(block)
        self.width = int(state["width"])
        self.rows = sum(block.rows for block in self._blocks)
        self.not_finite = 0

    def columns(self) -> tuple[list[float], list[float], list[float | None]]:
        """Returns steps, losses and learning rates.

        A last block that is not full is left out, because its mean is noisier than the others. So are one or two losses at
        the end that are not finite. If there are more, the last row is NaN.
        """
        blocks = self._blocks
        if blocks and blocks[-1].rows < self.width:
            blocks = blocks[:-1]
        diverged = self.not_finite >= NOT_FINITE_ROWS
        if self.not_finite and not diverged:
            while blocks and not blocks[-1].finite:
                blocks = blocks[:-1]
        steps = [block.steps / block.rows for block in blocks]
        losses = [block.loss() for block in blocks]
        rates = [block.rates / block.rated if block.rated else None for block in blocks]
        if diverged and losses and math.isfinite(losses[-1]):
            steps.append(self.last_step)
            losses.append(math.nan)
            rates.append(rates[-1])
        return steps, losses, rates
