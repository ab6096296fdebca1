"""Bytes to text: marks, `@charset` and labels as CSS Syntax 3, section 3.2, and the Encoding standard have them."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.encoding import codec_of, decode_css, decode_js

UTF8, UTF16LE, UTF16BE = codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE


@pytest.mark.parametrize(
    ("data", "text", "encoding", "bom"),
    [
        (b"", "", "utf-8", False),
        ("a{b:'é'}".encode(), "a{b:'é'}", "utf-8", False),
        (UTF8 + "é".encode(), "é", "utf-8", True),
        (UTF16LE + "é{}".encode("utf-16-le"), "é{}", "utf-16-le", True),
        (UTF16BE + "é{}".encode("utf-16-be"), "é{}", "utf-16-be", True),
        (b'@charset "utf-8";\xc3\xa9', '@charset "utf-8";é', "utf-8", False),
        (b'@charset "UTF8";\xc3\xa9', '@charset "UTF8";é', "utf-8", False),
        (b'@charset "iso-8859-1";\xe9\x80', '@charset "utf-8";é€', "windows-1252", False),
        (b'@charset "latin1";\x81\x9d', '@charset "utf-8";\x81\x9d', "windows-1252", False),
        (b'@charset "US-ASCII";\x93', '@charset "utf-8";\u201c', "windows-1252", False),
        (b'@charset "windows-1251";\xe9', '@charset "utf-8";й', "cp1251", False),
        (b'@charset "shift_jis";\x83\x65', '@charset "utf-8";テ', "cp932", False),
        (b'@charset "gb2312";\xc4\xe3', '@charset "utf-8";你', "gb18030", False),
        # It could not have been read if it were true.
        (b'@charset "utf-16";\xc3\xa9', '@charset "utf-16";é', "utf-8", False),
        # Python knows these, the standard does not.
        (b'@charset "utf-7";+AOk-', '@charset "utf-7";+AOk-', "utf-8", False),
        (b'@charset "cp437";\xc3\xa9', '@charset "cp437";é', "utf-8", False),
        (b'@charset "rot13";a', '@charset "rot13";a', "utf-8", False),
        (b'@charset "nonsense";a', '@charset "nonsense";a', "utf-8", False),
        # Only the exact bytes count, only at the start.
        (b"@charset 'latin1';\xc3\xa9", "@charset 'latin1';é", "utf-8", False),
        (b'@CHARSET "latin1";\xc3\xa9', '@CHARSET "latin1";é', "utf-8", False),
        (b'@charset  "latin1";\xc3\xa9', '@charset  "latin1";é', "utf-8", False),
        (b' @charset "latin1";\xc3\xa9', ' @charset "latin1";é', "utf-8", False),
        (b'@charset "' + b" " * 1024 + b'latin1";\xc3\xa9', '@charset "' + " " * 1024 + 'latin1";é', "utf-8", False),
        # A mark wins, and a rule that denies it would lie once the mark is gone.
        (UTF8 + b'@charset "latin1";\xc3\xa9', '@charset "utf-8";é', "utf-8", True),
        (UTF16LE + '@charset "utf-16";é'.encode("utf-16-le"), '@charset "utf-8";é', "utf-16-le", True),
    ],
)
def test_a_style_sheet_is_decoded_as_a_browser_would(data: bytes, text: str, encoding: str, bom: bool) -> None:
    decoded = decode_css(data)
    assert (decoded.text, decoded.encoding, decoded.bom, decoded.invalid) == (text, encoding, bom, None)


@pytest.mark.parametrize(
    ("data", "text", "invalid"),
    [
        (b"a\xe9b", "a\udce9b", 1),
        (UTF8 + b"ab\xff", "ab\udcff", 2),
        ("é".encode() + b"\xc3", "é\udcc3", 1),
        (UTF16LE + b"a\0\0\xd8b\0", "a\ufffdb", 1),
        (UTF16LE + b"a\0b", "a\ufffd", 1),
    ],
)
def test_the_first_character_that_stands_for_invalid_bytes_is_told(data: bytes, text: str, invalid: int) -> None:
    for decode in (decode_css, decode_js):
        decoded = decode(data)
        assert (decoded.text, decoded.invalid) == (text, invalid)


def test_the_place_of_invalid_bytes_counts_in_the_text_that_is_returned() -> None:
    decoded = decode_css(UTF8 + b'@charset "iso-8859-1";a\xff')
    assert decoded.invalid is not None
    assert decoded.text[decoded.invalid] == "\udcff"


def test_a_script_heeds_a_mark_and_no_charset() -> None:
    assert decode_js(UTF8 + b"a").text == "a"
    assert decode_js(UTF16BE + "é".encode("utf-16-be")).text == "é"
    text = '@charset "latin1";é'
    assert decode_js(text.encode()).text == text


@given(st.binary(max_size=40))
def test_utf_8_gives_the_same_bytes_again_even_where_it_is_not_valid(data: bytes) -> None:
    for decoded in (decode_css(data), decode_js(data)):
        if decoded.encoding == "utf-8":
            mark = UTF8 if decoded.bom else b""
            assert mark + decoded.text.encode("utf-8", "surrogateescape") == data


@given(st.binary(max_size=40), st.sampled_from(["latin1", "big5", "euc-kr", "iso-2022-jp", "windows-1253", "x-sjis"]))
def test_whatever_the_bytes_the_text_can_be_written_as_utf_8(data: bytes, label: str) -> None:
    decoded = decode_css(f'@charset "{label}";'.encode() + data)
    assert decoded.text.startswith('@charset "utf-8";')
    assert decoded.text.encode("utf-8").decode() == decoded.text


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        (" Latin1\t", "cp1252"),
        ("iso-8859-9", "cp1254"),
        ("iso-8859-8-i", "iso8859-8"),
        ("TIS-620", "cp874"),
        ("x-mac-cyrillic", "mac-cyrillic"),
        ("koi8-ru", "koi8-u"),
        ("windows-31j", "cp932"),
        ("cp850", None),
        ("", None),
        ("é", None),
    ],
)
def test_labels_are_those_of_the_encoding_standard(label: str, codec: str | None) -> None:
    assert codec_of(label) == codec
