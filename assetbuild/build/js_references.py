"""What a script names: module specifiers, URLs of neighbours, scripts of classic workers.

Finds them in the parser's tree and knows no file: what a path means is `graph.py`'s. URLs that a browser resolves
against the page (`new Worker("w.js")`, `serviceWorker.register("sw.js")`) are none of a script's neighbours; they are
told apart, as mistakes that are often made.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assetbuild.build.js_tree import Characters
from assetbuild.build.model import Reference, RefKind
from assetbuild.build.urls import is_local, split_suffix

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Bare:
    """A specifier that only an import map can resolve. `start` and `end` delimit it, without the quotes.

    `path_end`: where the spelling of its path ends, before `?query` and `#fragment`.
    """

    kind: RefKind
    specifier: str
    start: int
    end: int
    path_end: int


class Loads(enum.Enum):
    """What a URL that a browser resolves against the page is the script of."""

    WORKER = "worker"
    """`new Worker("...")`"""
    SHARED_WORKER = "shared-worker"
    """`new SharedWorker("...")`"""
    SERVICE_WORKER = "service-worker"
    """`navigator.serviceWorker.register("...")`"""


@dataclass(frozen=True, slots=True)
class PageUrl:
    """A relative URL that a browser resolves against the page. `loads` is a value of `Loads`, `start` in characters."""

    loads: str
    start: int
    path: str


# --- the query --------------------------------------------------------------------------------------------

PATTERNS: Mapping[str, str] = {
    "": """
(export_statement) @module
(export_statement source: (string) @static)
""",
    "new": """
(new_expression constructor: (identifier) @class (#any-of? @class "URL" "Worker" "SharedWorker")) @new
(new_expression constructor: (member_expression object: (identifier) @global property: (_) @class)
  (#any-of? @class "URL" "Worker" "SharedWorker") (#any-of? @global "window" "self" "globalThis")) @new
""",
    "await": """
(await_expression) @await
(for_in_statement "await") @await
""",
    "import": """
(import_statement) @module
(import_statement source: (string) @static)
(meta_property "import") @module
(call_expression function: (import) arguments: (arguments)) @dynamic
(call_expression function: (member_expression object: (meta_property) @meta property: (_) @resolve)
  (#match? @meta "^import") (#eq? @resolve "resolve")) @resolved
""",
    "importScripts": """
(call_expression function: (identifier) @function (#eq? @function "importScripts")) @scripts
(call_expression function: (member_expression object: (identifier) @global property: (_) @method)
  (#eq? @method "importScripts") (#any-of? @global "self" "globalThis")) @scripts
""",
    "serviceWorker": """
(call_expression function: (member_expression
    object: (member_expression property: (_) @container) property: (_) @method)
  (#eq? @method "register") (#eq? @container "serviceWorker")) @register
""",
}
"""Patterns of the parser's query language, by a word that is in every text where they find anything; their captures are
what `find` asks for."""


# --- strings ---------------------------------------------------------------------------------------------

_PIECE = re.compile(
    r"\\(?:u\{(?P<long>[0-9a-fA-F]+)\}|(?:u(?P<four>[0-9a-fA-F]{4})|x(?P<two>[0-9a-fA-F]{2}))"
    r"|(?P<octal>[0-3][0-7]{0,2}|[4-7][0-7]?)|(?P<newline>\r\n|[\n\r\u2028\u2029])|(?P<char>.))|[^\\]",
    re.DOTALL,
)
_SIMPLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _pieces(raw: str) -> Iterator[tuple[str, int]]:
    """Each character that `raw` stands for, with where its spelling ends (ECMA-262, section 12.9.4)."""
    for piece in _PIECE.finditer(raw):
        group, value = piece.lastgroup, piece[0]
        if group is not None:
            value = piece[group]
            if group in ("long", "four", "two"):
                code = int(value, 16)
                value = chr(code) if code <= 0x10FFFF else ""
            elif group == "octal":
                value = chr(int(value, 8))
            elif group == "newline":
                value = ""
            else:
                value = _SIMPLE.get(value, value)
        yield value, piece.end()


def _unescape(raw: str) -> tuple[str, int]:
    """The value of a string's inside, and the length of the spelling of its path: what stands before `?` or `#`."""
    if "\\" not in raw:
        return raw, len(split_suffix(raw)[0])
    value, cut, before = "", -1, 0
    for piece, end in _pieces(raw):
        if cut < 0 and piece in ("?", "#"):
            cut = before
        value += piece
        before = end
    # two \uXXXX escapes may spell the halves of one character
    value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return value, cut if cut >= 0 else len(raw)


# --- finding ------------------------------------------------------------------------------------------------

_FUNCTIONS = frozenset(
    {
        "arrow_function",
        "class_static_block",
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "method_definition",
    }
)


def find(root: Node, captures: Mapping[str, Sequence[Node]], text: str, at: Characters) -> Found:
    """Everything that the text of this tree names. `captures`: what `PATTERNS` find in it."""
    found = Found(text, at)
    found.collect(root, captures)
    return found


def specifier(kind: RefKind, text: str, start: int, end: int) -> Reference | Bare | None:
    """What a module specifier names, which stands from `start` to `end` without its quotes; None for another host."""
    value, cut = _unescape(text[start:end])
    # HTML, "resolve a module specifier": only these beginnings are relative; all else is a URL or bare
    if value.startswith(("./", "../", "/")):
        return _reference(kind, start, value, cut, end) if is_local(value) else None
    return Bare(kind, value, start, end, start + cut) if is_local(value) or not split_suffix(value)[0] else None


def _reference(kind: RefKind, start: int, value: str, cut: int, end: int) -> Reference:
    return Reference(kind, start, start + cut, split_suffix(value)[0], start - 1, end + 1)


class Found:
    """Collects what one text names; spans are characters, `module` is bytes."""

    def __init__(self, text: str, at: Characters) -> None:
        self.text = text
        self.at = at
        self.references: list[Reference] = []
        self.bare: list[Bare] = []
        self.computed: list[int] = []
        self.page_urls: list[PageUrl] = []
        self.module: int | None = None

    def collect(self, root: Node, captures: Mapping[str, Sequence[Node]]) -> None:
        starts = [node.start_byte for node in captures.get("module", ())]
        awaits = captures.get("await", ())
        if awaits:
            starts.extend(_top_level(root, [node.start_byte for node in awaits]))
        self.module = min(starts, default=None)
        for node in captures.get("static", ()):
            self._specifier(node, RefKind.JS_IMPORT)
        for node in captures.get("dynamic", ()):
            first = next(iter(_arguments(node)), None)
            if first is not None and _is_literal(first):
                self._specifier(first, RefKind.JS_DYNAMIC)
            else:
                self.computed.append(self.at(node.start_byte))
        for node in captures.get("resolved", ()):
            for argument in _arguments(node)[:1]:
                if not _is_literal(argument):
                    self._computed(node, argument)
                elif not self._is_folder(argument) or self._is_folder_of_a_package(argument):
                    self._specifier(argument, RefKind.JS_RESOLVE)
        for node in captures.get("scripts", ()):
            for argument in _arguments(node):
                self._url(node, argument, RefKind.JS_IMPORT_SCRIPTS)
        for node in captures.get("new", ()):
            self._new(node, _arguments(node))
        for node in captures.get("register", ()):
            self._page_url(_arguments(node), Loads.SERVICE_WORKER)

    def _new(self, node: Node, arguments: list[Node]) -> None:
        constructor = node.child_by_field_name("constructor")
        name = b"" if constructor is None else (constructor.text or b"")
        if name.endswith(b"Worker"):
            self._page_url(arguments, Loads.SHARED_WORKER if name.endswith(b"SharedWorker") else Loads.WORKER)
        elif len(arguments) == 2 and _is_import_meta_url(arguments[1]):
            self._url(node, arguments[0], RefKind.JS_URL)

    def _page_url(self, arguments: list[Node], loads: Loads) -> None:
        if arguments and _is_literal(arguments[0]) and not self._is_folder(arguments[0]):
            start, _, value, _ = self._inside(arguments[0])
            if is_local(value) and not value.startswith("/"):
                self.page_urls.append(PageUrl(loads.value, start, split_suffix(value)[0]))

    def _inside(self, literal: Node) -> tuple[int, int, str, int]:
        start, end = self.at(literal.start_byte) + 1, self.at(literal.end_byte) - 1
        return start, end, *_unescape(self.text[start:end])

    def _specifier(self, literal: Node, kind: RefKind) -> None:
        start, end = self.at(literal.start_byte) + 1, self.at(literal.end_byte) - 1
        one = specifier(kind, self.text, start, end)
        if isinstance(one, Reference):
            self.references.append(one)
        elif one is not None:
            self.bare.append(one)

    def _url(self, node: Node, argument: Node, kind: RefKind) -> None:
        if not _is_literal(argument):
            self._computed(node, argument)
        elif not self._is_folder(argument):
            start, end, value, cut = self._inside(argument)
            if is_local(value):
                self._refer(kind, start, value, cut, end)

    def _is_folder(self, literal: Node) -> bool:
        """A folder (`new URL(".", import.meta.url)`) is a base for other URLs, not an asset."""
        path = split_suffix(self._inside(literal)[2])[0]
        return path.rpartition("/")[2] in ("", ".", "..")

    def _is_folder_of_a_package(self, literal: Node) -> bool:
        """Only an import map can resolve it, however its URL is used then: without an entry the call throws."""
        value = self._inside(literal)[2]
        return value.endswith("/") and is_local(value) and not value.startswith(("./", "../", "/"))

    def _computed(self, node: Node, argument: Node) -> None:
        if _begins_relative(argument):
            self.computed.append(self.at(node.start_byte))

    def _refer(self, kind: RefKind, start: int, value: str, cut: int, end: int) -> None:
        self.references.append(_reference(kind, start, value, cut, end))


def _arguments(node: Node) -> list[Node]:
    arguments = node.child_by_field_name("arguments")
    return [child for child in arguments.named_children if child.type != "comment"] if arguments is not None else []


def _is_literal(node: Node) -> bool:
    """A string, or a template without substitutions."""
    if node.type == "template_string":
        return all(child.type != "template_substitution" for child in node.named_children)
    return node.type == "string"


def _is_import_meta_url(node: Node) -> bool:
    if node.type != "member_expression":
        return False
    target, name = node.child_by_field_name("object"), node.child_by_field_name("property")
    if target is None or name is None or target.type != "meta_property" or name.text != b"url":
        return False
    return (target.text or b"").startswith(b"import")  # and not `new.target`


def _begins_relative(node: Node) -> bool:
    """Whether a computed URL is clearly meant as a neighbour: a concatenation or template that begins with `./`."""
    while node.type == "binary_expression":
        left = node.child_by_field_name("left")
        if left is None:
            return False
        node = left
    return node.type in ("string", "template_string") and (node.text or b"")[1:].startswith((b"./", b"../"))


def _top_level(root: Node, starts: list[int]) -> Iterator[int]:
    """Those of the `await`s that stand in no function: with one of them the text can only be a module."""
    cursor = root.walk()
    passed = 0
    for start in sorted(starts):
        if start < passed:
            continue
        cursor.reset(root)
        while cursor.goto_first_child_for_byte(start) is not None:
            node = cursor.node
            if node is None or node.start_byte >= start:
                yield start
                return
            if node.type in _FUNCTIONS:
                passed = node.end_byte
                break
