"""Bytes -> smaller bytes, by algorithm and level; the same input, level and library version give the same bytes.

Knows no files, no media types and not whether a variant is worth keeping. Each library is imported when first used: a
build that asks for gzip alone needs neither brotli nor zstandard.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from assetbuild.build.model import Algorithm

DEFAULT_LEVELS: Mapping[Algorithm, int] = MappingProxyType(
    {Algorithm.GZIP: 9, Algorithm.BROTLI: 11, Algorithm.ZSTD: 19},
)
"""Compressed once, served many times: each algorithm's strongest level that needs no unusual memory to decode."""

_LEVELS: Mapping[Algorithm, range] = MappingProxyType(
    # zlib's level 0 only stores, so its result is never smaller than its input and never a variant.
    {Algorithm.GZIP: range(1, 10), Algorithm.BROTLI: range(12), Algorithm.ZSTD: range(1, 23)},
)

_GZIP_WRAPPER = 31  # zlib's windowBits: 15 for a 32 KiB window, 16 more for the wrapper of RFC 1952
_GZIP_OS = 9  # RFC 1952, section 2.3: offset of the byte that names the file system of the writing machine
_OS_UNKNOWN = 255
_ZSTD_WINDOW_LOG = 23  # RFC 9659, section 3: a decoder of the web may refuse a window above 8 MiB


def levels(algorithm: Algorithm) -> range:
    """The levels that `compress` takes."""
    return _LEVELS[algorithm]


def missing_package(algorithm: Algorithm) -> str:
    """'' where `algorithm` is usable, else what to give to `pip install`."""
    try:
        if algorithm is Algorithm.BROTLI:
            import brotli  # noqa: F401
        elif algorithm is Algorithm.ZSTD:
            import zstandard  # noqa: F401
    except ImportError:
        return "assetbuild[zstd]" if algorithm is Algorithm.ZSTD else "assetbuild[build]"
    return ""


def modules(algorithm: Algorithm) -> tuple[str, ...]:
    """The modules that are not Python's own."""
    return {Algorithm.BROTLI: ("brotli", "_brotli"), Algorithm.ZSTD: ("zstandard",)}.get(algorithm, ())


def version(algorithm: Algorithm) -> str:
    """Library and version, for cache keys: it changes whenever the compressed bytes may."""
    if algorithm is Algorithm.GZIP:
        # The run-time version, not the one that Python was compiled with: a distribution may swap the shared library,
        # and zlib-ng, which compresses differently, says so in this string.
        return f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
    if algorithm is Algorithm.BROTLI:
        import brotli

        return f"brotli {brotli.__version__}"
    import zstandard

    library = ".".join(str(part) for part in zstandard.ZSTD_VERSION)
    return f"zstandard {zstandard.__version__}, libzstd {library}"


def compress(algorithm: Algorithm, level: int, data: bytes) -> bytes:
    """`data` compressed. Raises `ValueError` for a level outside `levels(algorithm)`, `ImportError` without package."""
    if level not in levels(algorithm):
        allowed = levels(algorithm)
        raise ValueError(f"{algorithm.value} has no level {level}: it goes from {allowed[0]} to {allowed[-1]}")
    if algorithm is Algorithm.GZIP:
        return _gzip(level, data)
    if algorithm is Algorithm.BROTLI:
        import brotli

        return cast(bytes, brotli.compress(data, quality=level))
    return _zstd(level, data)


def decompress(algorithm: Algorithm, data: bytes) -> bytes:
    """The bytes that were compressed. Raises `ValueError` where `data` is not exactly one whole compressed stream."""
    if algorithm is Algorithm.GZIP:
        reader = zlib.decompressobj(wbits=_GZIP_WRAPPER)
        try:
            result = reader.decompress(data)
        except zlib.error as error:
            raise ValueError(f"no gzip data: {error}") from None
        if not reader.eof or reader.unused_data:
            raise ValueError("no gzip data: it is cut off, or something follows it")
        return result
    if algorithm is Algorithm.BROTLI:
        import brotli

        try:
            return cast(bytes, brotli.decompress(data))
        except brotli.error as error:
            raise ValueError(f"no brotli data: {error}") from None
    import zstandard

    try:
        return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise ValueError(f"no zstd data: {error}") from None


def _gzip(level: int, data: bytes) -> bytes:
    # zlib writes a header without name and with time 0, unlike the gzip module of some Python versions; but it does
    # name the operating system, which would make one build differ between machines.
    writer = zlib.compressobj(level, wbits=_GZIP_WRAPPER)
    packed = bytearray(writer.compress(data) + writer.flush())
    packed[_GZIP_OS] = _OS_UNKNOWN
    return bytes(packed)


def _zstd(level: int, data: bytes) -> bytes:
    import zstandard

    wanted = zstandard.ZstdCompressionParameters.from_level(level, source_size=len(data)).window_log
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level,
        source_size=len(data),
        window_log=min(wanted, _ZSTD_WINDOW_LOG),
        # RFC 8878, section 3.1.1: with the size in the frame a reader allocates once. The four bytes of checksum stay
        # away: the manifest has a SHA-256 of the content, and a browser checks `integrity`.
        write_content_size=True,
        write_checksum=False,
        write_dict_id=False,
        threads=0,
    )
    return zstandard.ZstdCompressor(compression_params=parameters).compress(data)
