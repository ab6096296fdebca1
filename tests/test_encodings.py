"""`Accept-Encoding`: the client's wish first, then the fewest bytes, and plain bytes where nothing else may be sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.encodings import best

SIZES = {"br": 60, "gzip": 80, "zstd": 70}


@pytest.mark.parametrize(
    ("accepted", "wanted"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("", None),
        ("identity", None),
        ("deflate", None),
        ("*", "br"),
        ("br;q=0, *", "zstd"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("br;q=0.5,gzip;q=0.5", "br"),
        ("br;q=0", None),
        ("gzip;q=0.000", None),
        ("gzip ; Q=0.3", "gzip"),
        ("identity;q=1, br;q=0.5", None),
        ("identity;q=0.5, br;q=0.5", "br"),
        ("identity;q=0.5, br;q=1.000", "br"),
        ("identity;q=0, *;q=0", None),
        ("br;q=2", None),
        ("br;q=nan, gzip", "gzip"),
        ("br;q=inf", None),
        ("br;q=, gzip", "gzip"),
        ("brotli, gzipped", None),
        (",,;q=1,", None),
    ],
)
def test_the_encoding_that_the_client_likes_best_is_sent(accepted: str, wanted: str | None) -> None:
    assert best(accepted, SIZES) == wanted


def test_of_no_twins_none_is_sent() -> None:
    assert best("gzip, br", {}) is None


@given(st.text(alphabet="brgzipstd*;,q=.01 \t") | st.text())
def test_whatever_a_client_writes_the_answer_is_an_encoding_that_it_named_or_none(accepted: str) -> None:
    found = best(accepted, SIZES)
    assert found is None or found in accepted.lower() or "*" in accepted
