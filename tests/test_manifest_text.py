"""The manifest's text is that of the standard library's encoder, which is too slow for thousands of entries."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.build.manifest import indented

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(_JSON)
def test_json_is_indented_as_by_the_standard_library(value: object) -> None:
    assert indented(value) == json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False)


def test_what_is_no_number_in_json_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        indented({"a": {"b": float("nan")}})
