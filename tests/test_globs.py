"""Globs: the pinned semantics as a table, laws against a naive matcher, and hostile patterns."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assetbuild.build.globs import Globs, compile_glob, is_glob

MATCHES = [
    ("**/*", "a.css", True),
    ("**/*", "a/b/c.css", True),
    ("**", "a.css", True),
    ("**", "a/b.css", True),
    ("css/**", "css/a.css", True),
    ("css/**", "css/a/b.css", True),
    ("css/**", "css", False),
    ("**/**", "a", True),
    ("**/**/a", "a", True),
    ("**/**/a", "x/y/a", True),
    ("**/css/**/a.css", "css/a.css", True),
    ("**/css/**/a.css", "x/css/y/z/a.css", True),
    ("**/css/**/a.css", "x/css/y/z/b.css", False),
    ("**/a/b/**/c", "a/x/a/b/c", True),
    ("**/x/*", "x/a/x/b", True),
    ("css/*.css", "css/a.css", True),
    ("css/*.css", "css/a/b.css", False),
    ("css/*.css", "CSS/a.css", False),
    ("css/*.css", "css/a.CSS", False),
    ("css/*.css", "css/.css", False),
    ("*", "a/b", False),
    ("*", ".a", False),
    ("**/*", ".git/config", False),
    ("**/*", "a/.b/c", False),
    ("**/*", "a/.b", False),
    ("**/c", ".a/b/c", False),
    (".a", ".a", False),
    ("?a", ".a", False),
    ("[.]a", ".a", False),
    ("[!x]a", ".a", False),
    ("a?c", "abc", True),
    ("a?c", "a/c", False),
    ("a?c", "ac", False),
    ("a[bc]d", "abd", True),
    ("a[!bc]d", "abd", False),
    ("a[!bc]d", "aed", True),
    ("a[!b]c", "a/c", False),
    ("a[+-9]c", "a/c", False),
    ("a[+-9]c", "a5c", True),
    ("a[]]c", "a]c", True),
    ("a[!]]c", "abc", True),
    ("a[!]]c", "a]c", False),
    ("a[a-]c", "a-c", True),
    ("a[-a]c", "a-c", True),
    ("a[^b]c", "a^c", True),
    ("a[^b]c", "axc", False),
    ("a[*]c", "a*c", True),
    ("a[**]c", "a*c", True),
    ("a[[]c", "a[c", True),
    ("a[&&~~||-]c", "a&c", True),
    ("[0-9a-f]*.js", "f00.js", True),
    ("a.css", "axcss", False),
    ("a.css", "a.css\n", False),
    ("*.css", "a\nb.css", True),
    ("*a*a", "aa", True),
    ("*a*a", "a", False),
    ("a*a", "a", False),
    ("*-*.min.js", "a-b-c.min.js", True),
    ("*ab*ab", "abab", True),
    ("*ab*ab", "xabxxabab", True),
    ("caf\u00e9*", unicodedata.normalize("NFD", "caf\u00e9.css"), True),
    (unicodedata.normalize("NFD", "caf\u00e9*"), "caf\u00e9.css", True),
    ("*.css", "a\udcff.css", True),
    ("a+b(1)$.css", "a+b(1)$.css", True),
]

INVALID = [
    ("", "empty"),
    ("a**b", "must stand alone"),
    ("a**", "must stand alone"),
    ("***", "must stand alone"),
    ("**a/b", "must stand alone"),
    ("[a]**", "must stand alone"),
    ("a[b", "not closed"),
    ("a[", "not closed"),
    ("a[]", "not closed"),
    ("a[!]", "not closed"),
    ("a[b/c]", "not closed"),
    ("/a", "may not start with `/`"),
    ("a/", "may not end in `/`"),
    ("a//b", "`//`"),
    ("..", "`..`"),
    ("a/../b", "`..`"),
    ("./a", "`.`"),
    ("a\\b", "backslash"),
    ("a[z-a]", "wrong way round"),
]


@pytest.mark.parametrize(("pattern", "path", "wanted"), MATCHES)
def test_a_glob_matches_exactly_what_is_pinned(pattern: str, path: str, wanted: bool) -> None:
    assert Globs([pattern]).matches(path) is wanted


@pytest.mark.parametrize(("pattern", "reason"), INVALID)
def test_an_invalid_glob_is_refused_with_its_reason(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        compile_glob(pattern)
    with pytest.raises(ValueError, match=re.escape(reason)):
        Globs(["ok", pattern])


@pytest.mark.parametrize(("text", "wanted"), [("a.css", False), ("a*", True), ("a?", True), ("a[", True), ("", False)])
def test_is_glob_tells_a_name_from_a_glob(text: str, wanted: bool) -> None:
    assert is_glob(text) is wanted


def test_no_globs_match_nothing_and_several_match_what_any_matches() -> None:
    assert not Globs([]).matches("a")
    assert not Globs([]).matches("")
    both = Globs(["a*b", "c"])
    assert [path for path in ("a", "axb", "c", "ac", "cc") if both.matches(path)] == ["axb", "c"]


# --- laws ------------------------------------------------------------------------------------------------

NAMES = st.text(st.sampled_from("abB.-]^!\n"), min_size=1, max_size=6)
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join)
CLASSES = st.sampled_from(["[a]", "[!a]", "[a-b]", "[]]", "[!]-]", "[+-9]", "[^b]"])
ITEMS = st.one_of(st.sampled_from(["a", "b", "B", "-", "?", "*", "."]), CLASSES)
SEGMENTS = st.one_of(st.just("**"), st.lists(ITEMS, min_size=1, max_size=6).map("".join))
PATTERNS = st.lists(SEGMENTS, min_size=1, max_size=5).map("/".join).filter(lambda pattern: _valid(pattern))


def _valid(pattern: str) -> bool:
    segments = pattern.split("/")
    return all(part == "**" or ("**" not in part and part not in (".", "..")) for part in segments)


def _naive(pattern: list[str], path: list[str]) -> bool:
    if not pattern:
        return not path
    if not path or path[0].startswith("."):
        return pattern == [] and not path
    if pattern[0] == "**":
        if len(pattern) == 1:
            return not any(part.startswith(".") for part in path)
        return _naive(pattern[1:], path) or _naive(pattern, path[1:])
    return _naive_segment(pattern[0], path[0]) and _naive(pattern[1:], path[1:])


def _naive_segment(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_naive_segment(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    if not text:
        return False
    if pattern[0] == "[":
        negated = pattern[1] == "!"
        start = 2 if negated else 1
        end = pattern.index("]", start + 1)
        inner = pattern[start:end]
        is_range = len(inner) == 3 and inner[1] == "-"
        inside = inner[0] <= text[0] <= inner[2] if is_range else text[0] in inner
        return inside is not negated and _naive_segment(pattern[end + 1 :], text[1:])
    return pattern[0] in ("?", text[0]) and _naive_segment(pattern[1:], text[1:])


@given(PATTERNS, PATHS)
@example("**/a/**/a/*b", "a/b/a/a/ab")
@example("*a*ab", "aab")
def test_every_glob_agrees_with_the_naive_matcher(pattern: str, path: str) -> None:
    assert Globs([pattern]).matches(path) is _naive(pattern.split("/"), path.split("/"))


@given(PATHS)
def test_everything_but_dotfiles_matches_two_stars(path: str) -> None:
    wanted = not any(part.startswith(".") for part in path.split("/"))
    assert Globs(["**/*"]).matches(path) is wanted
    assert Globs(["**"]).matches(path) is wanted


@given(st.text(max_size=12), PATHS)
def test_any_text_is_a_glob_or_a_value_error(pattern: str, path: str) -> None:
    try:
        globs = Globs([pattern])
    except ValueError as error:
        assert str(error)
    else:
        assert globs.matches(path) in (True, False)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("**/" + "*a" * 30 + "*b", "/".join(["a" * 60] * 200)),
        ("**/a/" * 12 + "**/b", "/".join(["a"] * 400)),
        ("**/*/" * 12 + "b", "/".join(["a"] * 400)),
        ("**/*a/*a/**/*a?*a" + "*[ab]" * 20 + "c", "/".join(["a" * 100] * 100)),
        ("*" + "?*" * 40 + "b", "a" * 20000),
    ],
)
def test_a_hostile_glob_ends(pattern: str, path: str) -> None:
    # With backtracking each of these takes longer than the age of the universe; there is no clock to ask.
    assert not Globs([pattern]).matches(path)
