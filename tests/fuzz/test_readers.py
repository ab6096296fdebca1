"""No bytes whatever make a reader raise what it does not declare, nor break its laws."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fuzz.readers import READERS, Reader
from tests.fuzz.snippets import WORDS


@st.composite
def mutated(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """A seed, or two one after the other, with parts removed, doubled, moved and replaced by words."""
    data = draw(st.sampled_from(seeds))
    if draw(st.booleans()):
        data += draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        to = draw(st.integers(0, len(data)))
        part = draw(st.one_of(st.sampled_from(WORDS), st.binary(max_size=3), st.just(data[start:end])))
        data = draw(
            st.sampled_from([data[:start] + part + data[end:], data[:start] + data[end:], data[:to] + part + data[to:]])
        )
    return data


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_the_seeds_are_read_and_every_piece_of_them(reader: Reader) -> None:
    for seed in reader.seeds:
        for at in range(0, len(seed) + 1, 5):
            reader.check(seed[:at])
        reader.check(seed)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_reader_bears_any_bytes(reader: Reader) -> None:
    @settings(max_examples=60)
    @given(st.binary(max_size=60))
    @example(b"")
    @example(b"\xef\xbb\xbf")
    @example(b"\xff\xfea")
    @example(b"{" * 3000)
    @example(b"[" * 3000)
    @example(b"(" * 3000)
    def law(data: bytes) -> None:
        reader.check(data)

    law()


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_reader_bears_what_was_a_text_of_its_kind(reader: Reader) -> None:
    @settings(max_examples=100)
    @given(mutated(reader.seeds))
    def law(data: bytes) -> None:
        reader.check(data)

    law()
