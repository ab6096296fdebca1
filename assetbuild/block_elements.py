"""The elements of a template's block: its body as HTML, read as strictly as it must be understood.

The rules are those of the HTML standard for `link`, `style` and `script`. What is neither one of these nor white space
nor a comment is refused: a block is replaced as a whole, so nothing may be in it that would silently go.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import NoReturn

from assetbuild import markup
from assetbuild.block_parts import (
    Address,
    Asset,
    Attributes,
    BlockError,
    Code,
    Element,
    Expression,
    Parts,
    Piece,
    StaticUrl,
    Target,
    Where,
)
from assetbuild.manifest import is_absolute_url

_MARK = re.compile("\0([0-9]+)\0")
_Parts = tuple[str | StaticUrl | Expression, ...]

_WHITE = " \t\n\f"
_BLANK = re.compile(r"[ \t\n\f]*")
_COMMENT = re.compile(r"<!--(?:-?>|.*?--!?>)", re.DOTALL)  # HTML, "comment start state", "comment end bang state"
_OPEN = re.compile(r"<(link|style|script)(?=[ \t\n\f/>])", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""[ \t\n\f/]*([^ \t\n\f\0"'<>/=`]+)""")
_VALUE = re.compile(r"""[ \t\n\f]*=[ \t\n\f]*(?:"([^"]*)"|'([^']*)'|([^ \t\n\f"'<>=`]+))""")
_TAG_END = re.compile(r"[ \t\n\f]*/?>")
_CLOSE = {name: re.compile(rf"</{name}(?=[ \t\n\f/>])[^>]*>", re.IGNORECASE) for name in ("style", "script")}

_KIND_OF = {"link": "css", "style": "css", "script": "js"}
_BOOLEAN = frozenset(("async", "defer", "disabled", "nomodule"))
_SHAPING = frozenset(("rel", "href", "src", "type", "language", "charset", "integrity", *_BOOLEAN))
"""What an element loads, and how, depends on these, so their values must be known when the template is parsed."""

_JAVASCRIPT = frozenset(
    f"{kind}/{name}"
    for kind in ("application", "text")
    for name in ("ecmascript", "javascript", "x-ecmascript", "x-javascript")
) | frozenset(("text/jscript", "text/livescript", *(f"text/javascript1.{minor}" for minor in range(6))))
"""The JavaScript MIME types (MIME Sniffing, section 4.6)."""

_BRANCH = 'put the condition around blocks of their own: {% if ... %}{% bundle "css" %}...{% endbundle %}{% endif %}'
_INHERITED = (
    'put it around blocks of their own: {% block ... %}{% bundle "css" %}...{% endbundle %}{% endblock %}, and write a '
    "block in each template that fills it"
)
_LITERAL = 'name the asset literally, as in href="{{ asset_url(\'css/app.css\') }}" or {% static "css/app.css" %}'
_DATA = (
    'write the value into a data- attribute or a <script type="application/json"> outside of the block, and read it '
    "from there"
)


def elements_of(kind: str, pieces: Sequence[Piece]) -> list[Element]:
    """The elements, in order, without those that hold nothing. Raises `BlockError`."""
    return list(_Reader(kind, pieces).elements())


def tag_stands(tag: str, where: Where, *, end: str, contents: str = "") -> BlockError:
    """The error for a tag of the template in a block that ends with `end`."""
    text = f"{{% {contents or tag} %}} stands in it"
    if tag.startswith("end"):
        return BlockError(f"a block that does not end: there is no {{% {end} %}} before {{% {tag} %}}",
                          hint=f"write {{% {end} %}} behind the block's last element", where=where)  # fmt: skip
    if tag == "block":
        return depends(text, where, hint=_INHERITED)
    return depends(text, where)


def depends(what: str, where: Where, *, hint: str = _BRANCH) -> BlockError:
    """The error for what only a render knows."""
    return BlockError(f"this block's content depends on the context: {what}", hint=hint, where=where)


class _Reader:
    """Reads the pieces as one text in which a mark stands for each expression."""

    def __init__(self, kind: str, pieces: Sequence[Piece]) -> None:
        self.kind = kind
        self.expressions: list[StaticUrl | Expression] = []
        self.starts: list[int] = []
        self.pieces: list[Piece] = []
        text, size = [], 0
        for piece in pieces:
            content = piece.content
            if isinstance(content, str):
                content = content.replace("\r\n", "\n").replace("\r", "\n")
                if "\0" in content:
                    where = Where(piece.at, content[: content.index("\0")])
                    raise BlockError("a null character, which HTML cannot hold", hint="remove it", where=where)
                piece = piece._replace(content=content)
            else:
                self.expressions.append(content)
                content = f"\0{len(self.expressions) - 1}\0"
            self.starts.append(size)
            self.pieces.append(piece)
            text.append(content)
            size += len(content)
        self.text = "".join(text)

    def where(self, offset: int) -> Where:
        if not self.pieces:
            return Where(0, "")
        number = max(bisect_right(self.starts, offset) - 1, 0)
        piece = self.pieces[number]
        content = piece.content
        return Where(piece.at, content[: offset - self.starts[number]] if isinstance(content, str) else "")

    def fail(self, text: str, offset: int, *, hint: str) -> NoReturn:
        raise BlockError(text, hint=hint, where=self.where(offset))

    def elements(self) -> Iterator[Element]:
        text, at = self.text, 0
        while True:
            at = _end_of_blank(text, at)
            if at == len(text):
                return
            if text.startswith("<!--", at):
                comment = _COMMENT.match(text, at)
                if comment is None:
                    self.fail("a comment that does not end", at, hint="end it with -->")
                at = comment.end()
                continue
            opened = _OPEN.match(text, at)
            if opened is None:
                self._refuse(at)
            found, at = self._element(opened[1].lower(), at, opened.end())
            if found is not None:
                yield found

    def _refuse(self, at: int) -> NoReturn:
        if self.text[at] == "\0":
            raise depends("an expression stands between its elements", self.where(at), hint=_LITERAL)
        wanted = "<link> and <style>" if self.kind == "css" else "<script>"
        shown = self.text[at : at + 24].split("\n")[0].split("\0")[0]
        self.fail(
            f"a block of {self.kind} holds {wanted} alone, and here stands `{shown}`",
            at,
            hint="move it out of the block, and code into <style> or <script>",
        )

    def _element(self, tag: str, start: int, at: int) -> tuple[Element | None, int]:
        given, at = self._attributes(tag, start, at)
        if _KIND_OF[tag] != self.kind:
            hint = f'move it into a {{% bundle "{_KIND_OF[tag]}" %}} of its own'
            self.fail(f"a <{tag}> in a block of {self.kind}", start, hint=hint)
        code = None
        if tag != "link":
            closed = _CLOSE[tag].search(self.text, at)
            if closed is None:
                self.fail(f"a <{tag}> that does not end", start, hint=f"end it with </{tag}>")
            code, at = self._code(tag, at, closed.start()), closed.end()
        target = self._target(tag, given, code, start)
        if isinstance(target, Code) and not target.text:
            return None, at
        return Element(self._kept(tag, given, target, start), target, self.where(start)), at

    def _attributes(self, tag: str, start: int, at: int) -> tuple[dict[str, _Given], int]:
        """Of names given twice browsers take the first."""
        text = self.text
        found: dict[str, _Given] = {}
        while True:
            if end := _TAG_END.match(text, at):
                return found, end.end()
            name = _ATTRIBUTE.match(text, at)
            if name is None:
                stop = _end_of_blank(text, at)
                if text[stop : stop + 1] == "\0":
                    raise depends(f"an expression is an attribute of <{tag}>", self.where(stop))
                hint = "quote values, put spaces between attributes, and end the tag with >"
                self.fail(f"the tag <{tag}> cannot be read from here on", min(stop, len(text) - 1), hint=hint)
            at = name.end()
            parts: _Parts | None = None
            place = at
            if value := _VALUE.match(text, at):
                at = value.end()
                place = value.start(value.lastindex or 0)
                parts = self._parts(value[value.lastindex or 0] or "")
            elif text[at : at + 1] == "\0":
                raise depends("an expression is part of an attribute's name", self.where(at))
            found.setdefault(name[1].lower(), _Given(parts, place))

    def _parts(self, value: str) -> _Parts:
        pieces = _MARK.split(value)
        parts = [self.expressions[int(piece)] if number % 2 else unescape(piece) for number, piece in enumerate(pieces)]
        return tuple(part for part in parts if part != "")

    # --- what an element loads or holds ------------------------------------------------------------------

    def _target(self, tag: str, given: dict[str, _Given], code: Code | None, start: int) -> Target:
        if tag == "style" and code is not None:
            return code
        name = "href" if tag == "link" else "src"
        if name not in given:
            if code is not None:
                return code
            self.fail(f"a <{tag}> without {name}", start, hint=f"give it the {name} of an asset")
        if code is not None and code.text:
            hint = "give the code an element of its own"
            self.fail("a <script> with src, whose own text no browser runs", start, hint=hint)
        parts, place = given[name].parts or (), given[name].place
        if any(isinstance(part, Expression) for part in parts):
            raise depends(f"its {name} is only known at render", self.where(place), hint=_LITERAL)
        first, rest = (parts[0], parts[1:]) if parts else ("", ())
        if isinstance(first, StaticUrl) and all(isinstance(part, str) for part in rest):
            return self._asset(first, "".join(str(part) for part in rest), place)
        if len(parts) > 1:
            self.fail(f"a {name} that is put together of several parts", place, hint=_LITERAL)
        url = str(first).strip(_WHITE)
        if not url or not (is_absolute_url(url) or url.startswith("/")):
            text = f'the {name} "{url}" is relative to the page, and the page is none of the build\'s'
            self.fail(text if url else f"an empty {name}", place, hint=_LITERAL)
        return Address(url)

    def _asset(self, named: StaticUrl, tail: str, place: int) -> Asset:
        """A query or fragment names no other file, and a hashed name needs none against caches."""
        tail_path = re.split("[?#]", tail, maxsplit=1)[0]
        if named.name and tail_path:
            self.fail("an asset's URL with more of a path behind it", place, hint=_LITERAL)
        name = re.split("[?#]", named.name, maxsplit=1)[0] if named.name else tail_path
        name = name.lstrip("/")
        if not name:
            self.fail("a URL that names no asset", place, hint=_LITERAL)
        return Asset(name)

    def _code(self, tag: str, start: int, end: int) -> Code:
        """Without white space around it, and with root-relative paths where a style sheet's text names assets."""
        text = self.text
        start = min(_end_of_blank(text, start), end)
        end = start + len(text[start:end].rstrip(_WHITE))
        inside = text[start:end]
        opened = inside.find("<!--")
        if tag == "script" and opened >= 0 and "<script" in inside[opened:].lower():
            hint = "write `<` as `\\x3C` in its strings"
            self.fail("`<!--` and then `<script`, after which no </script> would be seen", start + opened, hint=hint)
        made, spans, is_seam = "", [], False
        for number in range(bisect_right(self.starts, start) - 1, bisect_left(self.starts, end)):
            content = self.pieces[number].content
            at = max(start, self.starts[number])
            if isinstance(content, str):
                found = text[at : min(end, self.starts[number] + len(content))]
                made, skipped = _sewn(made, found) if is_seam else (made, 0)
                spans.append((len(made), self.where(at + skipped)))
                made += found[skipped:]
            else:
                spans.append((len(made), self.where(at)))
                made += self._path(tag, content, at)
            is_seam = isinstance(content, str)
        return Code(made, tuple(spans))

    def _path(self, tag: str, expression: StaticUrl | Expression, at: int) -> str:
        if isinstance(expression, Expression):
            raise depends("an expression stands in its code", self.where(at), hint=_DATA)
        if tag == "script":
            hint = "write the URL into a data- attribute outside of the block, and read it from there"
            self.fail("an asset's URL in a script, which only a render knows", at, hint=hint)
        return "/" + markup.encode(expression.name.lstrip("/"))

    # --- which attributes are kept -----------------------------------------------------------------------

    def _kept(self, tag: str, given: dict[str, _Given], target: Target, start: int) -> Attributes:
        is_elsewhere = isinstance(target, Address) and is_absolute_url(target.url)
        words: dict[str, str] = {}
        for name in sorted((_SHAPING & given.keys()) - {"href", "src"}):
            parts = given[name].parts or ()
            if not all(isinstance(part, str) for part in parts):
                raise depends(f"its {name} is only known at render", self.where(given[name].place))
            words[name] = "".join(str(part) for part in parts)
        kept: dict[str, Parts | None] = {}
        for name, one in given.items():
            if name not in _SHAPING:
                kept[name] = self._checked(name, one)
        if is_elsewhere and "integrity" in words:
            kept["integrity"] = (words["integrity"],)
        kept |= dict.fromkeys(_BOOLEAN & given.keys())
        self._check_kind(tag, words, given, start)
        if tag == "script":
            is_module = words.get("type", "").strip().lower() == "module"
            if is_module:
                kept["type"] = ("module",)
            # A classic script without `src` runs at once, a module is always deferred (HTML, "prepare the script").
            for name in ("defer", "async") if isinstance(target, Code) and not is_module else ("defer",) * is_module:
                kept.pop(name, None)
        return tuple(sorted(kept.items()))

    def _checked(self, name: str, given: _Given) -> Parts | None:
        parts: list[str | Expression] = []
        for part in given.parts if given.parts is not None else ():
            if isinstance(part, StaticUrl):
                self.fail(f"an asset's URL in the attribute `{name}`", given.place, hint="move the element out")
            parts.append(part)
        return None if given.parts is None else tuple(parts)

    def _check_kind(self, tag: str, words: dict[str, str], given: dict[str, _Given], start: int) -> None:
        kind = words.get("type", "").strip().lower()
        hint = f"move this <{tag}> out of the block"
        if tag == "link" and words.get("rel", "").strip().lower() != "stylesheet":
            self.fail(f'a <link> that is no style sheet: its rel is "{words.get("rel", "")}"', start, hint=hint)
        allowed = {"", "module"} | _JAVASCRIPT if tag == "script" else {"", "text/css"}
        if kind not in allowed:
            self.fail(f'a <{tag}> of the type "{kind}", which is not {self.kind}', given["type"].place, hint=hint)


@dataclass(frozen=True, slots=True)
class _Given:
    """An attribute as written; `place` is that of its value."""

    parts: _Parts | None
    place: int


def _sewn(before: str, after: str) -> tuple[str, int]:
    """`before` as it ends, and how much of `after` goes, where an engine has cut a text: at a comment of its own, say.

    Whether the line break there is in the text depends on options of the engine. So of white space with a line break
    in it one line break is left.
    """
    head = before.rstrip(_WHITE)
    tail = after.lstrip(_WHITE)
    if "\n" not in before[len(head) :] and "\n" not in after[: len(after) - len(tail)]:
        return before, 0
    return head + "\n", len(after) - len(tail)


def _end_of_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
