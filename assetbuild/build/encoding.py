"""Bytes of a style sheet or script -> text: byte-order mark, `@charset`, else UTF-8.

Knows no HTTP header and no page whose encoding a browser might borrow, for what is published is labelled UTF-8. Rules:
CSS Syntax 3, section 3.2, and the Encoding standard, whose labels differ from Python's (`latin1` is windows-1252).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, without its byte-order mark.

    `encoding` is what it was decoded with, `bom` whether a mark said so. `invalid` is the index in `text` of the first
    character that stands for bytes which are not valid in that encoding, or None. In UTF-8 such bytes are lone
    surrogates (`surrogateescape`), so that encoding the text gives them back; in others they are U+FFFD.
    """

    text: str
    encoding: str
    bom: bool = False
    invalid: int | None = None


_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# Only these exact bytes count (CSS Syntax 3, section 3.2): lower case, one space, double quotes, within 1024 bytes.
_CHARSET_BYTES = re.compile(rb'@charset "([^"]*)";')
_CHARSET = re.compile(r'@charset "([^"]*)";')

# Labels that the Encoding standard reads otherwise than Python does, or that Python does not know.
_LABELS = {
    "unicode11utf8": "utf-8",
    "unicode20utf8": "utf-8",
    "xunicode20utf8": "utf-8",
    "utf16": "utf-8",  # section 3.2: the rule could not have been read if it were true
    "utf16le": "utf-8",
    "utf16be": "utf-8",
    "unicode": "utf-8",
    "csunicode": "utf-8",
    "ucs2": "utf-8",
    "iso10646ucs2": "utf-8",
    "unicodefeff": "utf-8",
    "unicodefffe": "utf-8",
    "xcp1250": "cp1250",
    "xcp1251": "cp1251",
    "xcp1252": "cp1252",
    "xcp1253": "cp1253",
    "xcp1254": "cp1254",
    "xcp1255": "cp1255",
    "xcp1256": "cp1256",
    "xcp1257": "cp1257",
    "xcp1258": "cp1258",
    "dos874": "cp874",
    "windows874": "cp874",
    "iso88598i": "iso8859-8",
    "iso88598e": "iso8859-8",
    "csiso88598i": "iso8859-8",
    "visual": "iso8859-8",
    "logical": "iso8859-8",
    "koi": "koi8-r",
    "koi8ru": "koi8-u",
    "koi8": "koi8-r",
    "xmacroman": "mac-roman",
    "mac": "mac-roman",
    "xmaccyrillic": "mac-cyrillic",
    "xmacukrainian": "mac-cyrillic",
    "xgbk": "gb18030",
    "cnbig5": "big5hkscs",
    "xxbig5": "big5hkscs",
    "xsjis": "cp932",
    "xeucjp": "euc_jp",
    "windows949": "cp949",
    "windows31j": "cp932",
    "ksc56011989": "cp949",
}
# What Python calls the encodings of the standard -> the codec that decodes as the standard does.
_CODECS = {
    "utf-8": "utf-8",
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "shift_jis": "cp932",
    "cp932": "cp932",
    "euc_kr": "cp949",
    "cp949": "cp949",
    "ms949": "cp949",
    "euc_jp": "euc_jp",
    "iso2022_jp": "iso2022_jp",
    "cp866": "cp866",
    "cp874": "cp874",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "mac-roman": "mac-roman",
    "mac-cyrillic": "mac-cyrillic",
    **{f"iso8859-{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"cp{page}": f"cp{page}" for page in range(1250, 1259)},
}
# In windows-1252 the Encoding standard gives a meaning to the five bytes that Python leaves undefined.
_UNDEFINED_1252 = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
_WINDOWS_1252 = "".join(chr(code) if code in _UNDEFINED_1252 else bytes([code]).decode("cp1252") for code in range(256))


def codec_of(label: str) -> str | None:
    """Python's codec for a label of the Encoding standard; None where the standard knows no such label."""
    label = label.strip("\t\n\f\r ").lower()
    if not re.fullmatch(r"[a-z0-9._:-]+", label):
        return None
    special = _LABELS.get(re.sub(r"[^a-z0-9]", "", label))
    if special is not None:
        return special
    try:
        return _CODECS.get(codecs.lookup(label).name)
    except LookupError:
        return None


def decode_css(data: bytes) -> Decoded:
    """Decode a style sheet. An `@charset` that would be wrong once the text is written as UTF-8 is made right.

    Encoding the result as UTF-8 gives the same bytes, apart from a byte-order mark, whenever the file was UTF-8 and its
    `@charset` did not deny it.
    """
    marked = _by_mark(data)
    if marked is not None:
        return _with_true_charset(marked)
    rule = _CHARSET_BYTES.match(data, 0, 1024)
    codec = codec_of(rule[1].decode("latin-1")) if rule else None
    return _with_true_charset(_decode(data, codec or "utf-8", bom=False))


def decode_js(data: bytes) -> Decoded:
    """Decode a script: by its byte-order mark, else UTF-8."""
    return _by_mark(data) or _decode(data, "utf-8", bom=False)


def _by_mark(data: bytes) -> Decoded | None:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decode(data[len(mark) :], encoding, bom=True)
    return None


def _decode(data: bytes, encoding: str, *, bom: bool) -> Decoded:
    if encoding == "cp1252":
        return Decoded(data.decode("latin-1").translate(_WINDOWS_1252), "windows-1252", bom)
    try:
        return Decoded(data.decode(encoding), encoding, bom)
    except UnicodeDecodeError as error:
        errors = "surrogateescape" if encoding == "utf-8" else "replace"
        invalid = len(data[: error.start].decode(encoding, errors))
        return Decoded(data.decode(encoding, errors), encoding, bom, invalid)


def _with_true_charset(decoded: Decoded) -> Decoded:
    rule = _CHARSET.match(decoded.text, 0, 1024)
    if rule is None or (decoded.encoding == "utf-8" and codec_of(rule[1]) in (None, "utf-8")):
        return decoded
    text = '@charset "utf-8";' + decoded.text[rule.end() :]
    invalid = None if decoded.invalid is None else decoded.invalid + len(text) - len(decoded.text)
    return Decoded(text, decoded.encoding, decoded.bom, invalid)
