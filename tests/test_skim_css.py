"""Skimming a style sheet finds what its tokens say, or nothing at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build import scan_css
from assetbuild.build.css_tokens import tokenize
from assetbuild.build.scan_css import _Scanner
from assetbuild.build.skim_css import skim

SKIMMED = [
    "",
    "a{b:url(x.png)}",
    "a{b:URL( 'x.png' ),url(\"y\")}",
    "a{b:url()}",
    "@media (min-width:1px){a{b:url(x)}}",
    '@charset "utf-8";a{b:url(x)}',
    "/* url(y) */a{b:'url(z)'}/*# sourceMappingURL=a.css.map */",
    "a{b:c/url(x)}",
    ".w-1\\/2{b:url(x)}",
    "a{content:'\\f101 \\'';b:url(x)}",
    "a{b:curl(x)}",
    "@font-face{src:url(x) format('y')}",
    "a{b:@x;c:url(y)}",
    "@supports not (content:''/\"\"){a{b:url(x)}}",
]
LEFT_TO_TOKENS = [
    "@import 'x';",
    "a{b:image-set('x' 1x)}",
    "a{b:url(x y)}",
    "a{b:url('x' y)}",
    "a{b:url(x",
    "a{b:'x",
    "/* x",
    "a{b:\\75rl(x)}",
    "a{b:\\url(x)}",
    ".a\\:url(x){}",
    "@namespace url(x);",
    "@x url(y);",
    "@x (')'{b:url(y)}",
    "@x 'url(y)' {b:url(y)}",
    "@media /* { */ x{}",
    "a{b:'x\ny:url(z)}",
]


def slowly(text: str) -> tuple[object, ...]:
    scanner = _Scanner(text, tokenize(text))
    scanner.run()
    return tuple(scanner.found)


@pytest.mark.parametrize("text", SKIMMED)
def test_ordinary_sheets_are_skimmed(text: str) -> None:
    assert skim(text) is not None
    assert scan_css.scan(text) == slowly(text)


@pytest.mark.parametrize("text", LEFT_TO_TOKENS)
def test_whatever_could_be_read_otherwise_is_left_to_tokens(text: str) -> None:
    assert skim(text) is None
    assert scan_css.scan(text) == slowly(text)


PIECES = st.sampled_from(
    [
        *"{}()[];:,'\"\\/*@ -uU<!\n\0é",
        "url(",
        "URL(",
        "a",
        "x.png",
        "/*",
        "*/",
        "@media",
        "@font-face",
        '@charset "u";',
        "\\/",
        "\\66 ",
        "src(",
        "b:",
        "sourceMappingURL=",
        "/*# sourceMappingURL=m */",
        "url(x)",
        "url('x')",
        'url( "y" )',
        "1e3",
        "-->",
        "\\\n",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_what_is_skimmed_is_what_the_tokens_say(text: str) -> None:
    if skim(text) is not None:
        assert scan_css.scan(text) == slowly(text)
