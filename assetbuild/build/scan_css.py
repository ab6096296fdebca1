"""The places of a style sheet that name other files: `url()`, `@import`, strings of `image-set()`, source-map comments.

Knows tokens, nesting and where a rule starts; nothing of properties, and nothing of which files exist. Only what a
browser could load is found: what stands in other strings, in comments or in the conditions of at-rules is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from assetbuild.build.css_errors import first_error
from assetbuild.build.css_tokens import CLOSERS, ESCAPE, Kind, Token, is_closed, tokenize, unescape
from assetbuild.build.model import Reference, RefKind
from assetbuild.build.skim_css import Found, skim
from assetbuild.build.urls import is_local

# With a backslash any of the names may be written in escapes; without one, this finds all of them.
_MAY_HOLD_REFERENCES = re.compile(r"(?i)\\|url\(|src\(|@import|image-set\(|sourcemappingurl")
_MAP_COMMENT = re.compile(r"/\*[#@][ \t\r\n\f]*sourceMappingURL=([^\s'\"]*?)\s*(?:\*/|\Z)")
_PIECES = re.compile(rf"{ESCAPE.pattern}|(?s:.)")
_CHARACTERS = re.compile("(?s:.)")
_CONTROLS = "".join(map(chr, range(0x21)))
_TRIVIA = (Kind.SPACE, Kind.COMMENT)
_URL_FUNCTIONS = ("url(", "src(")
_IMAGE_SETS = ("image-set(", "-webkit-image-set(")


@dataclass(frozen=True, slots=True)
class StyleSheet:
    """What a style sheet says about itself. `error` is the first character that does not parse: see `css_errors`."""

    references: tuple[Reference, ...] = ()
    error: int | None = None


def read(text: str) -> StyleSheet:
    """Everything that the build wants to know of a style sheet."""
    return StyleSheet(scan(text), first_error(text))


def scan(text: str) -> tuple[Reference, ...]:
    """The local references of `text`, in the order of their places; URLs with a scheme or host are none."""
    if not _MAY_HOLD_REFERENCES.search(text):
        return ()
    skimmed = skim(text)
    scanner = _Scanner(text, tokenize(text) if skimmed is None else ())
    if skimmed is None:
        scanner.run()
    else:
        scanner.take(skimmed)
    return tuple(scanner.found)


@dataclass(slots=True)
class _Open:
    """An open bracket: what closes it, whether its strings are images, and the state of the statement around it."""

    closer: Kind
    images: bool
    condition: bool


@dataclass(slots=True)
class _Scanner:
    """One pass. `at_start`: a statement may start here; `condition`: within the prelude of an at-rule.

    `ends` is where the functions end, by the indices of their tokens, once it is asked for.
    """

    text: str
    tokens: Sequence[Token]
    found: list[Reference] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    at_start: bool = True
    condition: bool = False
    ends: dict[int, int] | None = None

    def run(self) -> None:
        index = 0
        while index < len(self.tokens):
            token = self.tokens[index]
            kind = token.kind
            index += 1
            if kind is Kind.SPACE:
                continue
            if kind is Kind.COMMENT:
                self._map_comment(token)
                continue
            if self.at_start and kind is Kind.AT:
                index = self._at_rule(index)
                continue
            if kind in CLOSERS:
                self._open(token)
            elif self.stack and kind is self.stack[-1].closer:
                self.condition = self.stack.pop().condition
                self.at_start = kind is Kind.CLOSE_BRACE
                self.condition = self.condition and not self.at_start
            elif kind is Kind.SEMICOLON:
                self._semicolon()
            elif kind not in (Kind.CDO, Kind.CDC) or self.stack:
                self.at_start = False
            self._value(index - 1)

    def take(self, skimmed: Sequence[Found]) -> None:
        """The same from what was skimmed."""
        for one in skimmed:
            if one.is_comment:
                self._map_comment(Token(Kind.COMMENT, one.start, one.end))
            else:
                self._add(RefKind.CSS_URL, (one.inner, one.last), (one.start, one.end))

    def _open(self, token: Token) -> None:
        images = token.kind is Kind.FUNCTION and self._name(token) in _IMAGE_SETS
        block = token.kind is Kind.OPEN_BRACE
        self.stack.append(_Open(CLOSERS[token.kind], images, self.condition))
        self.at_start = block
        self.condition = self.condition and not block

    def _semicolon(self) -> None:
        """At the top level a semicolon ends an at-rule only; within a block it ends whatever stands before it."""
        if not self.stack:
            self.at_start = self.condition
        else:
            self.at_start = self.stack[-1].closer is Kind.CLOSE_BRACE
        if self.at_start:
            self.condition = False

    def _value(self, index: int) -> None:
        """A `url()` in any spelling, or a string that an `image-set()` holds directly."""
        token = self.tokens[index]
        if self.condition:
            return
        if token.kind is Kind.URL:
            self._add_url(token, RefKind.CSS_URL, (token.start, token.end))
        elif token.kind is Kind.STRING and self.stack and self.stack[-1].images:
            self._add_string(token, RefKind.CSS_URL, (token.start, token.end))
        elif token.kind is Kind.FUNCTION and self._name(token) in _URL_FUNCTIONS:
            string = self._past_trivia(index + 1)
            if string < len(self.tokens) and self.tokens[string].kind is Kind.STRING:
                end = self._end_of_function(index)
                self._add_string(self.tokens[string], RefKind.CSS_URL, (token.start, end))

    def _at_rule(self, index: int) -> int:
        """Take the at-rule whose keyword stands before `index`; returns where to go on."""
        keyword = self.tokens[index - 1]
        self.at_start, self.condition = False, True
        # Within a block, browsers ignore `@import`.
        if self.stack or self._name(keyword) != "@import":
            return index
        first = self._past_trivia(index)
        end = self._end_of_import(index)
        if first >= len(self.tokens) or end is None:
            return index
        token, outer = self.tokens[first], (keyword.start, end)
        if token.kind is Kind.STRING:
            self._add_string(token, RefKind.CSS_IMPORT, outer)
        elif token.kind is Kind.URL:
            self._add_url(token, RefKind.CSS_IMPORT, outer)
        elif token.kind is Kind.FUNCTION and self._name(token) in _URL_FUNCTIONS:
            string = self._past_trivia(first + 1)
            if string < len(self.tokens) and self.tokens[string].kind is Kind.STRING:
                self._add_string(self.tokens[string], RefKind.CSS_IMPORT, outer)
        return index

    def _end_of_import(self, index: int) -> int | None:
        """Where the statement ends, with its semicolon; None where a block follows, which makes it no import."""
        closers: list[Kind] = []
        for at in range(index, len(self.tokens)):
            token = self.tokens[at]
            if not closers and token.kind is Kind.SEMICOLON:
                return token.end
            if not closers and token.kind is Kind.OPEN_BRACE:
                return None
            if token.kind in CLOSERS:
                closers.append(CLOSERS[token.kind])
            elif closers and token.kind is closers[-1]:
                closers.pop()
        return len(self.text)

    def _end_of_function(self, index: int) -> int:
        if self.ends is None:
            self.ends = _ends_of_functions(self.tokens)
        return self.ends.get(index, len(self.text))

    def _past_trivia(self, index: int) -> int:
        while index < len(self.tokens) and self.tokens[index].kind in _TRIVIA:
            index += 1
        return index

    def _name(self, token: Token) -> str:
        return unescape(self.text[token.start : token.end]).lower()

    def _map_comment(self, token: Token) -> None:
        match = _MAP_COMMENT.fullmatch(self.text, token.start, token.end)
        if match:
            self._add(RefKind.SOURCE_MAP, match.span(1), (token.start, token.end), escapes=False)

    def _add_string(self, token: Token, kind: RefKind, outer: tuple[int, int]) -> None:
        end = token.end - 1 if is_closed(self.text, token) else token.end
        self._add(kind, (token.start + 1, end), outer)

    def _add_url(self, token: Token, kind: RefKind, outer: tuple[int, int]) -> None:
        end = token.end - 1 if is_closed(self.text, token) else token.end
        self._add(kind, (self.text.index("(", token.start) + 1, end), outer)

    def _add(self, kind: RefKind, inner: tuple[int, int], outer: tuple[int, int], *, escapes: bool = True) -> None:
        """Note the URL that stands in `inner`, unless it names no file of ours.

        Blanks and control characters at both ends are not part of a URL (URL standard, section 4.4).
        """
        undo = unescape if escapes else str
        if not is_local(undo(self.text[slice(*inner)]).strip(_CONTROLS)):
            return
        pattern = _PIECES if escapes else _CHARACTERS
        pieces = [(*match.span(), undo(match[0])) for match in pattern.finditer(self.text, *inner)]
        while pieces[-1][2] <= " ":
            pieces.pop()
        first = next(at for at, piece in enumerate(pieces) if piece[2] > " ")
        cut = next((at for at, piece in enumerate(pieces) if piece[2] in ("?", "#")), len(pieces))
        path = "".join(piece[2] for piece in pieces[first:cut])
        self.found.append(Reference(kind, pieces[first][0], pieces[cut - 1][1], path, *outer))


def _ends_of_functions(tokens: Sequence[Token]) -> dict[int, int]:
    """Where each function is closed, by the index of its token; those that the text's end closes are left out."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind in (Kind.FUNCTION, Kind.OPEN_PAREN):
            opened.append(index)
        elif token.kind is Kind.CLOSE_PAREN and opened:
            ends[opened.pop()] = token.end
    return ends
