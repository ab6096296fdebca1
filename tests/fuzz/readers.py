"""Every reader with what must hold of it for any bytes: it raises what it declares and nothing else, and its laws.

Shared by the Hypothesis tests and by the coverage-guided run, so that what one finds the other can repeat.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assetbuild import manifest
from assetbuild.build import (
    config,
    css_imports,
    css_sheet,
    css_tokens,
    join_css,
    join_js,
    js_hazards,
    licences,
    prove_css,
    prove_js,
    registry,
    safe_css,
    safe_js,
    scan_css,
    scan_js,
    state,
    templates,
    toml_places,
)
from assetbuild.build.edits import edited
from assetbuild.build.encoding import Decoded, decode_css, decode_js
from assetbuild.build.js_names import names
from assetbuild.build.model import BuildFailed, Problem, ProcessorSpec, Reference, Severity, TextKind
from assetbuild.build.processors import Guarded
from assetbuild.build.protocols import Way
from assetbuild.errors import ManifestError
from tests.fuzz import snippets


@dataclass(frozen=True, slots=True)
class Reader:
    """`check` raises where a law is broken; `seeds` are texts that it reads."""

    name: str
    check: Callable[[bytes], None]
    seeds: Sequence[bytes]


# --- bytes to text ---------------------------------------------------------------------------------------


def _decoding(data: bytes, decode: Callable[[bytes], Decoded]) -> str:
    decoded = decode(data)
    text = decoded.text
    written = text.encode("utf-8", "surrogateescape")
    assert decoded.invalid is None or 0 <= decoded.invalid < len(text)
    if decoded.encoding == "utf-8" and not text.startswith('@charset "'):
        assert written == data.removeprefix(b"\xef\xbb\xbf")
    if not written.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        assert decode(written).text == text
    return text


def _spans(text: str, references: Sequence[Reference]) -> None:
    end = 0
    for one in sorted(references, key=lambda reference: reference.start):
        assert end <= one.start <= one.end <= len(text)
        assert one.outer_start <= one.start <= one.end <= one.outer_end <= len(text)
        end = one.end


# --- style sheets ----------------------------------------------------------------------------------------


def css(data: bytes) -> None:
    """Decoding, tokens, references."""
    text = _decoding(data, decode_css)
    assert "".join(text[token.start : token.end] for token in css_tokens.tokenize(text)) == text
    _spans(text, scan_css.scan(text))
    css_tokens.unescape(text)


def css_bundle(data: bytes) -> None:
    """Joining: what has no error has none without what a bundle leaves out, and nothing more is left out then."""
    text = decode_css(data).text.removeprefix("\ufeff")
    sheet = css_sheet.read(text)
    found = [css_imports.read_import(text, one) for one in sheet.statements if css_sheet.is_import(one)]
    conditions = [one.condition for one in found if one is not None]
    css_imports.wrapping(conditions)
    css_imports.joined(conditions)
    if not _has_error(join_css.told("a.css", text, join_css.found_in(sheet))):
        cut = edited(text, join_css.cuts(sheet))
        again = css_sheet.read(cut)
        assert not _has_error(join_css.told("a.css", cut, join_css.found_in(again)))
        assert edited(cut, join_css.cuts(again)) == cut


def _has_error(problems: Sequence[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)


def css_minified(data: bytes) -> None:
    """Proof and minifiers."""
    text = decode_css(data).text
    original = prove_css.original(text)
    safe = safe_css.minify(text)
    if not original.refusal():
        assert original.same(text)
        assert original.same(safe)
    _guarded("rcssmin", TextKind.CSS, text, original.same)


# --- scripts ---------------------------------------------------------------------------------------------


def js(data: bytes) -> None:
    """Decoding, references, what a script says of itself."""
    text = _decoding(data, decode_js)
    script = scan_js.read(text)
    _spans(text, script.references)
    assert script.error is None or (0 <= script.error <= len(text) and not script.references)
    assert 0 <= script.hashbang_end <= len(text)
    for start, end in script.map_comments:
        assert text.startswith(("//", "/*"), start)
        assert start < end <= len(text)


def js_bundle(data: bytes) -> None:
    """Joining: what has no problem can be joined with anything, and the whole parses; names are found."""
    text = decode_js(data).text
    script = scan_js.read(text)
    if join_js.problems_of_input("a.js", text, script):
        return
    other = join_js.JoinInput("b.js", "0", scan_js.read("0"))  # not itself again: names may not be declared twice
    for inputs in ([join_js.JoinInput("a.js", text, script), other], [other, join_js.JoinInput("a.js", text, script)]):
        joined = scan_js.read(join_js.join(inputs).text)
        assert joined.error is None
        assert not joined.strict or script.strict
    once = join_js.join(inputs[:1]).text
    again = join_js.join([join_js.JoinInput("a.js", once, scan_js.read(once))]).text
    assert again == once.removeprefix("\ufeff")  # of several byte-order marks one goes each time
    found = names(text, strict=script.strict)
    for problem in js_hazards.hazards("c.js", [js_hazards.Classic(name, name, found, lambda: text) for name in "ab"]):
        assert problem.place is not None
        assert 1 <= problem.place.line <= text.count("\n") + 1


def js_minified(data: bytes) -> None:
    """Proof and minifiers."""
    text = decode_js(data).text
    original = prove_js.original(text)
    assert not original.same_tree(text) or original.same(text)
    try:
        safe = safe_js.minify(text)
    except ValueError:
        pass
    else:
        assert not original.same_tree(text) or original.same(safe)
    _guarded("rjsmin", TextKind.JS, text, original.same)


def _guarded(name: str, kind: TextKind, text: str, same: Callable[[str], bool]) -> None:
    moved = licences.moved(text, kind)
    assert not moved.licences or licences.with_notice(moved.text, "u").count("/*! licences: u */\n") >= 1
    for keep in (True, False):
        processor = registry.create(ProcessorSpec(name, (("keep_licences", keep),)), kind)
        assert isinstance(processor, Guarded)
        result = processor(text)
        assert len(result.text) <= len(text)
        assert result.text == text or (result.way is not Way.UNCHANGED and same(result.text))
        if keep and kind is TextKind.JS and result.text != text:
            assert licences.kept_comments(result.text) == licences.kept_comments(licences.javascript_licences(text))


# --- everything else -------------------------------------------------------------------------------------


def toml(data: bytes) -> None:
    """A configuration is read, or refused with a place."""
    try:
        toml_places.parse(data.decode("utf-8", "replace"), path="a.toml")
    except toml_places.TomlError as error:
        assert error.place.path == "a.toml"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "static").mkdir()
        Path(folder, "assetbuild.toml").write_bytes(data)
        try:
            config.load(None, folder=Path(folder))
        except BuildFailed as failed:
            assert failed.exit_code == 2
            assert all(problem.text for problem in failed.problems)


def manifests(data: bytes) -> None:
    """A manifest is read, or refused by name."""
    try:
        manifest.loads(data, name="m.json")
    except ManifestError as error:
        assert "m.json" in str(error)


def states(data: bytes) -> None:
    """Whatever is no state is an empty one; what is one is read again as it was."""
    found = state.loads(data)
    assert state.loads(state.dumps(found)) == found


def template(data: bytes) -> None:
    """References in templates."""
    templates.references("t.html", data.decode("utf-8", "replace"))


READERS = (
    Reader("css", css, snippets.CSS),
    Reader("css-bundle", css_bundle, snippets.CSS),
    Reader("css-minified", css_minified, snippets.CSS),
    Reader("js", js, snippets.JS),
    Reader("js-bundle", js_bundle, snippets.JS),
    Reader("js-minified", js_minified, snippets.JS),
    Reader("toml", toml, snippets.TOML),
    Reader("manifest", manifests, snippets.MANIFEST),
    Reader("state", states, snippets.STATE),
    Reader("template", template, snippets.TEMPLATE),
)
