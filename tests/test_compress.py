"""Compression: laws over random bytes, and the headers that the standards and browsers ask for."""

from __future__ import annotations

import argparse
import gzip
import random
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.compress import DEFAULT_LEVELS, compress, decompress, levels, missing_package, version
from assetbuild.build.model import Algorithm

ALGORITHMS = st.sampled_from(Algorithm)
MIB = 1 << 20


@given(st.data(), ALGORITHMS, st.binary(max_size=5000))
def test_decompressing_gives_back_what_was_compressed(
    data: st.DataObject, algorithm: Algorithm, content: bytes
) -> None:
    level = data.draw(st.sampled_from(levels(algorithm)))
    assert decompress(algorithm, compress(algorithm, level, content)) == content


@given(ALGORITHMS, st.binary(max_size=5000))
def test_the_same_bytes_compress_to_the_same_bytes(algorithm: Algorithm, content: bytes) -> None:
    level = DEFAULT_LEVELS[algorithm]
    assert compress(algorithm, level, content) == compress(algorithm, level, content)


@pytest.mark.parametrize("level", levels(Algorithm.GZIP))
def test_gzip_names_no_time_no_file_and_no_system(level: int) -> None:
    packed = compress(Algorithm.GZIP, level, b"body { color: red }" * 50)
    assert packed[:4] == b"\x1f\x8b\x08\x00", "RFC 1952: magic, deflate, no flags and so no name, comment or extra"
    assert packed[4:8] == bytes(4), "the time"
    assert packed[9] == 255, "the system: unknown"
    assert gzip.decompress(packed) == b"body { color: red }" * 50


@pytest.mark.parametrize("level", levels(Algorithm.ZSTD))
def test_no_zstd_frame_needs_a_window_that_browsers_refuse(level: int) -> None:
    content = random.Random(1).randbytes(64 * 1024) * (9 * 16)
    assert len(content) == 9 * MIB
    frame = zstandard.get_frame_parameters(compress(Algorithm.ZSTD, level, content))
    assert frame.window_size <= 8 * MIB, "RFC 9659"
    assert (frame.content_size, frame.has_checksum) == (9 * MIB, False)


def test_a_higher_level_is_used() -> None:
    content = Path(argparse.__file__).read_bytes()
    for algorithm in Algorithm:
        span = levels(algorithm)
        assert len(compress(algorithm, span[-1], content)) < len(compress(algorithm, span[0], content)), algorithm


@pytest.mark.parametrize("algorithm", Algorithm)
def test_the_default_level_is_one_that_is_allowed(algorithm: Algorithm) -> None:
    assert DEFAULT_LEVELS[algorithm] in levels(algorithm)


def test_the_defaults_are_those_of_the_design() -> None:
    assert (DEFAULT_LEVELS[Algorithm.GZIP], DEFAULT_LEVELS[Algorithm.BROTLI]) == (9, 11)


@pytest.mark.parametrize(
    ("algorithm", "level", "says"),
    [
        (Algorithm.GZIP, 0, "gzip has no level 0: it goes from 1 to 9"),
        (Algorithm.GZIP, 10, "gzip has no level 10: it goes from 1 to 9"),
        (Algorithm.BROTLI, 12, "br has no level 12: it goes from 0 to 11"),
        (Algorithm.ZSTD, 23, "zstd has no level 23: it goes from 1 to 22"),
    ],
)
def test_a_level_out_of_range_is_refused(algorithm: Algorithm, level: int, says: str) -> None:
    with pytest.raises(ValueError, match=f"^{says}$"):
        compress(algorithm, level, b"")


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("damage", ["empty", "cut", "longer", "twice", "other"])
def test_only_one_whole_stream_decompresses(algorithm: Algorithm, damage: str) -> None:
    whole = compress(algorithm, DEFAULT_LEVELS[algorithm], b"hello " * 100)
    damaged = {"empty": b"", "cut": whole[:-1], "longer": whole + b"x", "twice": whole * 2, "other": b"not compressed"}
    with pytest.raises(ValueError, match="data"):
        decompress(algorithm, damaged[damage])


def test_the_version_is_of_the_library_that_runs() -> None:
    assert version(Algorithm.GZIP) == f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
    assert ".".join(map(str, zstandard.ZSTD_VERSION)) in version(Algorithm.ZSTD)
    assert len({version(algorithm) for algorithm in Algorithm}) == len(Algorithm)


_WITHOUT = """
import sys
sys.modules.update({"brotli": None, "zstandard": None})
from assetbuild.build.compress import compress, decompress, missing_package
from assetbuild.build.model import Algorithm
assert decompress(Algorithm.GZIP, compress(Algorithm.GZIP, 9, b"x")) == b"x"
print(*(repr(missing_package(algorithm)) for algorithm in Algorithm))
"""


def test_gzip_works_without_the_packages_and_the_others_name_theirs() -> None:
    ran = subprocess.run([sys.executable, "-c", _WITHOUT], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["''", "'assetbuild[build]'", "'assetbuild[zstd]'"]


def test_nothing_is_missing_where_all_is_installed() -> None:
    assert [missing_package(algorithm) for algorithm in Algorithm] == ["", "", ""]
