"""Many small calls on a thread pool: in batches, since handing one over costs more than reading a small file does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from itertools import chain
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_SIZE = 32


def in_batches(pool: Executor, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """The results in the order of `items`; raises what a call raises. Neighbours are called one after the other."""
    batches = [items[start : start + _SIZE] for start in range(0, len(items), _SIZE)]
    return chain.from_iterable(pool.map(lambda batch: [function(item) for item in batch], batches))
