"""Attributes of tags: they stand on the element that loads, mean what HTML says, and never leave their quotes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, TemplateAssertionError

from assetbuild import AssetbuildError, Assets
from assetbuild.jinja import install
from tests.runtime_helpers import FILES, MEMBERS, write
from tests.test_markup import elements


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Assets:
    return Assets.load(write(tmp_path_factory.mktemp("out"), FILES, MEMBERS), base_url="/s/")


@pytest.mark.parametrize(
    ("names", "attributes", "added"),
    [
        (["css/app.css"], {"media": "print"}, [{"media": "print"}]),
        (["css/app.css", "js/app.js"], {"media": "print", "defer": True}, [{"media": "print"}, {"defer": None}]),
        (["js/app.js"], {"async": True}, [{"async": None}]),
        (["js/app.js"], {"async_": True, "defer": False, "nomodule": None}, [{"async": None}]),
        (["js/app.js"], {"type": "module"}, [{"type": "module"}]),
        (["js/main.js"], {"type": "module", "async": True}, [{}, {}, {"type": "module", "async": None}]),
        (["js/main.js"], {"fetchpriority": "high"}, [{}, {}, {"type": "module", "fetchpriority": "high"}]),
        (["css/app.css", "js/app.js"], {"data_turbo_track": "reload"}, [{"data-turbo-track": "reload"}] * 2),
        (["css/app.css"], {"data-n": 3, "class_": "a b"}, [{"data-n": "3", "class": "a b"}]),
    ],
)
def test_attributes_stand_on_the_elements_that_load_and_can_have_them(
    assets: Assets, names: list[str], attributes: dict[str, Any], added: list[dict[str, str | None]]
) -> None:
    plain = elements(assets.tags(*names))
    found = elements(assets.tags(*names, attributes=attributes))
    assert found == [(tag, attrs | more) for (tag, attrs), more in zip(plain, added, strict=True)]
    nonced = elements(assets.tags(*names, nonce="n", attributes=attributes))
    assert nonced == [(tag, attrs | {"nonce": "n"}) for tag, attrs in found]
    assert elements(assets.tags(*names)) == plain, "what one call adds does not show in the next"


@pytest.mark.parametrize(
    ("names", "attributes", "message"),
    [
        (["js/app.js"], {"media": "print"}, "the attribute `media` is for a style sheet, and there is none here"),
        (["css/app.css"], {"defer": True}, "the attribute `defer` is for a script, and there is none here"),
        (["css/app.css"], {"href": "/x.css"}, "the attribute `href` cannot be given: the manifest says it"),
        (["js/app.js"], {"SRC": "/x.js"}, "the attribute `src` cannot be given: the manifest says it"),
        (["js/app.js"], {"crossorigin": True}, "the attribute `crossorigin` cannot be given: the base URL decides it"),
        (["js/app.js"], {"name": "x"}, "the attribute `name` cannot be given: names of assets"),
        (["js/app.js"], {"type": "text/plain"}, "the attribute `type` can only be \"module\" here, found 'text/plain'"),
        (["js/app.js"], {'x"><b': "1"}, "is no name of an attribute"),
        (["js/app.js"], {"a b": "1"}, "'a b' is no name of an attribute"),
        (["js/app.js"], {1: "1"}, "1 is no name of an attribute; write a string"),
        (["js/app.js"], {("a",): "1"}, "('a',) is no name of an attribute; write a string"),
        (["js/app.js"], ["defer"], "`attributes` must be a mapping, such as {'media': 'print'}, found ['defer']"),
        (["js/app.js"], "defer", "found 'defer'"),
        (["js/app.js"], 3, "found 3"),
        (["js/app.js"], {"": "1"}, "'' is no name of an attribute"),
        (["js/app.js"], {"é": "1"}, "'é' is no name of an attribute"),
        (["js/app.js"], {"on/x": "1"}, "'on/x' is no name of an attribute"),
    ],
)
def test_an_attribute_that_would_not_do_what_it_says_is_an_error(
    assets: Assets, names: list[str], attributes: Any, message: str
) -> None:
    with pytest.raises(AssetbuildError) as caught:
        assets.tags(*names, attributes=attributes)
    assert message in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(max_size=30).filter(lambda text: "\r" not in text and "\0" not in text))
def test_no_value_leaves_its_quotes(assets: Assets, value: str) -> None:
    html = assets.tags("css/app.css", nonce=value, attributes={"title": value, "data-x": value + '"><script>'})
    [(tag, attrs)] = elements(html)
    assert tag == "link"
    assert (attrs["title"], attrs["data-x"], attrs.get("nonce", "")) == (value, value + '"><script>', value)


@pytest.mark.parametrize("nonce", ["", ", nonce=n"])
def test_keywords_of_the_helper_are_attributes(assets: Assets, nonce: str) -> None:
    env = Environment(autoescape=True)
    install(env, assets)
    page = env.from_string(
        "{{ asset_tags('css/app.css', media='print'" + nonce + ") }}"
        "{{ asset_tags('js/app.js', async=true, data_x='<'" + nonce + ") }}"
    ).render(n="abc")
    given = "abc" if nonce else None
    assert page == assets.tags("css/app.css", nonce=given, attributes={"media": "print"}) + assets.tags(
        "js/app.js", nonce=given, attributes={"async": True, "data-x": "<"}
    )


def test_a_wrong_attribute_fails_when_the_template_is_compiled(assets: Assets) -> None:
    env = Environment(autoescape=True)
    install(env, assets)
    with pytest.raises(TemplateAssertionError, match="`media` is for a style sheet") as caught:
        env.from_string("\n{{ asset_tags('js/app.js', media='print') }}")
    assert caught.value.lineno == 2
