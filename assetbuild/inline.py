"""The text of a built file as it can stand inside a page, or the reason why it cannot.

Two things change when a file's text moves into the page: an element's end tag inside it ends the element, and relative
URLs count from the page. In CSS both are put right; in JavaScript, which would take a parser to edit, they are refused.
"""

from __future__ import annotations

from assetbuild import manifest, markup
from assetbuild.errors import AssetbuildError
from assetbuild.markup import Markup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from typing import NoReturn

    from assetbuild.manifest import Entry

_BLANK = " \t\r\n\f"
_WITH_TAGS = "load it with tags"


def text_of(
    file: str, *, name: str, entry: Entry, outputs: Container[str], importmap: Iterable[str], base_url: str
) -> Markup:
    """The text of `file`, which holds asset `name`. `importmap` are the page's specifiers. Raises `AssetbuildError`."""
    data = _read(file, name)
    return embedded(data, name=name, entry=entry, outputs=outputs, importmap=importmap, base_url=base_url)


def embedded(
    data: bytes, *, name: str, entry: Entry, outputs: Container[str], importmap: Iterable[str], base_url: str
) -> Markup:
    """The same of bytes that are there."""
    kind = entry["type"]
    if kind not in ("text/css", "text/javascript", "image/svg+xml") and not kind.endswith(("/json", "+json")):
        _refuse(name, f"its type is {kind}, and only CSS, JavaScript, JSON and SVG can be", "use its URL")
    text = _decoded(data, name)
    folder = entry["path"].rpartition("/")[0]
    if kind == "text/css":
        text = _css(text, name=name, folder=folder, outputs=outputs, base_url=base_url)
    elif kind == "text/javascript":
        mapped = frozenset(key[2:] for key in importmap if key.startswith("./"))
        _check_js(text, name=name, folder=folder, outputs=outputs, mapped=mapped)
        if entry.get("imports"):
            _refuse(name, "it imports modules, which are found from its own URL and not from the page's", _WITH_TAGS)
    elif kind != "image/svg+xml":
        text = text.replace("<", "\\u003c")  # in JSON it stands in strings only
    return Markup(text)


def _read(file: str, name: str) -> bytes:
    try:
        return manifest.regular_bytes(file)
    except OSError as error:
        _refuse(name, f"{file} cannot be read ({error.strerror})", "pass the output folder as `root`")


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")  # inside a page a byte order mark would be part of the first token
    except UnicodeDecodeError:
        _refuse(name, "its bytes are not UTF-8, as the page's are", "save the source as UTF-8")


def _css(text: str, *, name: str, folder: str, outputs: Container[str], base_url: str) -> str:
    """Only `</style` can end a style element (HTML, "raw text"); `<!--` means nothing there."""
    base = base_url.replace("(", "%28").replace(")", "%29").replace("'", "%27")  # it may come to stand without quotes
    pieces: list[str] = []
    done = 0
    for start, end, is_url in [*_css_spans(text), (len(text), len(text), False)]:
        if "</style" in text[done:start].lower():
            _refuse(name, "it has `</style` outside strings, URLs and comments", "take that out, or link it with tags")
        pieces.append(text[done:start])
        span = text[start:end]
        target = _target(span, folder=folder, outputs=outputs) if is_url else None
        if target is not None:
            span = base + markup.encode(target) + span[_path_end(span) :]
        pieces.append(_guarded(span))
        done = end
    return "".join(pieces)


def _guarded(span: str) -> str:
    """In strings, URLs and comments `<\\/` means the same as `</` (CSS Syntax 3, section 4.3.7)."""
    found = span.lower().find("</style")
    while found >= 0:
        span = span[: found + 1] + "\\" + span[found + 1 :]
        found = span.lower().find("</style", found)
    return span


def _css_spans(text: str) -> Iterator[tuple[int, int, bool]]:
    """The insides of comments, strings and unquoted `url()`, in order; whether they can be a URL.

    Which strings are URLs need not be known: one that names an output, fingerprint and all, is one.
    """
    at, size = 0, len(text)
    while at < size:
        char = text[at]
        if char == "\\":
            at += 2
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2)
            end = size if end < 0 else end
            yield at + 2, end, False
            at = end + 2
        elif char in "\"'":
            end = _end_of(text, at + 1, stop=char + "\n")
            yield at + 1, end, True
            at = end + 1
        elif char == "(" and text[at - 3 : at].lower() == "url":
            start = at + 1
            while start < size and text[start] in _BLANK:
                start += 1
            at = start
            if text[start : start + 1] not in ("'", '"'):
                at = _end_of(text, start, stop=")" + _BLANK)
                yield start, at, True
        else:
            at += 1


def _end_of(text: str, at: int, *, stop: str) -> int:
    """Where the first of the characters `stop` stands from `at` on, escapes passed over; the text's end if nowhere."""
    while at < len(text) and text[at] not in stop:
        at += 2 if text[at] == "\\" else 1
    return min(at, len(text))


def _path_end(url: str) -> int:
    return min((found for found in (url.find("?"), url.find("#")) if found >= 0), default=len(url))


def _target(url: str, *, folder: str, outputs: Container[str]) -> str | None:
    """The output that relative `url` names when it is read in `folder`, or None."""
    path = markup.decode(url[: _path_end(url)])
    if path.startswith("/"):
        return None
    segments = folder.split("/") if folder else []
    for segment in path.split("/"):
        if segment == "..":
            if not segments:
                return None
            segments.pop()
        elif segment not in ("", "."):
            segments.append(segment)
    target = "/".join(segments)
    return target if target in outputs else None


def _check_js(text: str, *, name: str, folder: str, outputs: Container[str], mapped: Container[str]) -> None:
    """Refuse what would end the script element or hide its end (HTML, "restrictions for contents of script elements").

    It means one thing in a string and another in code, so it cannot be replaced without a parser. Refused as well is a
    string that names, relative to the script, an output (with dots or, as in `new URL("a.png", import.meta.url)`,
    without) or a module of the import map `mapped` (with dots only: without them it is no path but a bare specifier).
    """
    lowered = text.lower()
    way_out = "load it with tags instead, or write `<` as `\\x3C` in its strings"
    if "</script" in lowered:
        _refuse(name, "its text has `</script` in it, which would end the script element", way_out)
    comment = lowered.find("<!--")  # after it, a `<script` makes the next end tag count for nothing
    if comment >= 0 and "<script" in lowered[comment:]:
        _refuse(name, "its text has `<!--` and then `<script`, after which no `</script>` would be seen", way_out)
    for quote in "\"'`":
        for part in text.split(quote):
            found = _target(part, folder=folder, outputs=outputs)
            if found is None and part.startswith(("./", "../")):
                found = _target(part, folder=folder, outputs=mapped)
            if found is not None:
                _refuse(
                    name, f"it loads {part} relative to itself, and inside a page that is another place", _WITH_TAGS
                )


def _refuse(name: str, reason: str, hint: str) -> NoReturn:
    raise AssetbuildError(f"{name!r} cannot be written into a page: {reason}; {hint}") from None
