"""Django: `{% static %}`, admin, form media and template tags answer hashed names; checks say what is missing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.template import Context, TemplateSyntaxError, engines
from django.template import Template as DjangoTemplate
from django.test import override_settings
from django.urls import path

from assetbuild import AssetbuildError, Assets, ManifestError, UnknownAsset
from tests.project import Project
from tests.runtime_helpers import FILES, MEMBERS, path_of, write

BACKEND = "assetbuild.django.staticfiles.AssetbuildStorage"
FINDER = "assetbuild.django.staticfiles.OutputFinder"
START = "assetbuild.django.AssetsAtStart"
CDN = "https://cdn.example.com/assets/"

APPS = ["admin", "auth", "contenttypes", "sessions", "messages", "staticfiles"]
ADMIN_PROCESSORS = ["request", "auth", "messages"]
if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["assetbuild.django", *(f"django.contrib.{name}" for name in APPS)],
        MIDDLEWARE=[
            START,
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        ROOT_URLCONF=__name__,
        SECRET_KEY="of tests",
        STATIC_URL="static/",
        STATICFILES_FINDERS=[FINDER],
        STORAGES={"staticfiles": {"BACKEND": BACKEND}},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        USE_TZ=True,
    )
    django.setup()

from django import forms  # noqa: E402
from django.contrib import admin  # noqa: E402
from django.contrib.staticfiles import finders  # noqa: E402
from django.contrib.staticfiles.storage import staticfiles_storage  # noqa: E402
from django.core.checks import run_checks  # noqa: E402
from django.core.handlers.asgi import ASGIHandler  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.templatetags.static import static  # noqa: E402
from django.test import Client, RequestFactory  # noqa: E402
from django.urls import set_script_prefix  # noqa: E402

import assetbuild.django as glue  # noqa: E402


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(render("{% load static assetbuild %}{% asset_tags 'css/app.css' %}{% static 'js/app.js' %}"))


urlpatterns = [path("", home), path("admin/", admin.site.urls)]


@pytest.fixture
def manifest(tmp_path: Path) -> Iterator[Path]:
    made = write(tmp_path / "out", FILES, MEMBERS, {"app": "js/app.js"}, with_files=True)
    with override_settings(ASSETBUILD_MANIFEST=made):
        yield made


def render(source: str, *, autoescape: bool = True, **context: Any) -> str:
    return str(DjangoTemplate(source).render(Context(context, autoescape=autoescape)))


def tag(source: str, **context: Any) -> str:
    return render("{% load assetbuild %}{% " + source + " %}", **context)


# --- {% static %}, media, admin ----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", "#icon", "?#iefix", "?v=1"])
@pytest.mark.parametrize(("base_url", "wanted"), [(None, "/static/"), ("/assets", "/assets/"), (CDN, CDN)])
@pytest.mark.usefixtures("manifest")
def test_static_answers_the_hashed_name(suffix: str, base_url: str | None, wanted: str) -> None:
    with override_settings(ASSETBUILD_BASE_URL=base_url):
        url = wanted + path_of("css/app.css") + suffix
        assert static("css/app.css" + suffix) == staticfiles_storage.url("css/app.css" + suffix) == url
        assert render("{% load static %}{% static name %}", name="css/app.css" + suffix) == url
        odd = glue.assets().url("odd name (1)&'ü.css")
        assert static("odd name (1)&'ü.css") == odd
        assert "%20" in odd


@pytest.mark.usefixtures("manifest")
def test_form_media_have_hashed_names() -> None:
    class Calendar(forms.TextInput):
        class Media:
            css = {"all": ["css/app.css"]}  # noqa: RUF012  # declared so by Django
            js = ["js/app.js", "https://example.com/x.js", "/plain.js"]  # noqa: RUF012

    assert str(Calendar().media).split("\n") == [
        f'<link href="/static/{path_of("css/app.css")}" media="all" rel="stylesheet">',
        f'<script src="/static/{path_of("js/app.js")}"></script>',
        '<script src="https://example.com/x.js"></script>',
        '<script src="/plain.js"></script>',
    ]


@pytest.mark.usefixtures("manifest")
@pytest.mark.parametrize("name", ["css/ap.css", "/css/app.css", "", "css/", "img"])
def test_an_unknown_name_is_an_error_that_apps_know_as_djangos(name: str) -> None:
    with pytest.raises(UnknownAsset, match="no asset"):
        static(name)
    with pytest.raises(ValueError, match="no asset"):
        staticfiles_storage.url(name)


@pytest.mark.usefixtures("manifest")
def test_where_not_strict_an_unknown_name_is_djangos_plain_url() -> None:
    with override_settings(ASSETBUILD_STRICT=False):
        assert static("shop/a b.css") == "/static/shop/a%20b.css"
        assert static("css/app.css") == "/static/" + path_of("css/app.css")


@pytest.mark.usefixtures("manifest")
def test_a_script_prefix_counts_in_a_relative_static_url() -> None:
    """Django fixes it at the first look at the setting; that must not be when the server starts."""
    with override_settings(STATIC_URL="static/"):
        WSGIHandler()
        try:
            set_script_prefix("/shop/")
            assert static("css/app.css") == "/shop/static/" + path_of("css/app.css")
        finally:
            set_script_prefix("/")


def test_the_admin_is_built_as_any_source_and_found_by_the_development_server(tmp_path: Path) -> None:
    project = Project(tmp_path).write(
        {"assetbuild.toml": 'sources = [{package = "django.contrib.admin", path = "static"}]\ncompress = []\n'}
    )
    project.build(dev=True)
    with override_settings(ASSETBUILD_MANIFEST=project.output / "manifest.json", DEBUG=True):
        page = Client().get("/admin/login/")
        urls = [glue.assets().url(name) for name in ("admin/css/base.css", "admin/js/theme.js")]
        assert page.status_code == 200
        for url in urls:
            assert f'"{url}"' in page.content.decode()
            found = finders.find(url.removeprefix("/static/"))
            assert isinstance(found, str)
            assert Path(found).is_file()
        assert run_checks() == []


# --- tags --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("manifest")
@pytest.mark.parametrize("base_url", [None, CDN])
def test_tags_answer_what_assets_answers(base_url: str | None) -> None:
    with override_settings(ASSETBUILD_BASE_URL=base_url):
        assets = glue.assets()
        both = ("css/app.css", "js/main.js")
        assert tag("asset_url 'css/app.css'") == assets.url("css/app.css")
        assert tag("asset_integrity name", name="js/app.js") == assets.integrity("js/app.js")
        assert tag("asset_tags 'css/app.css' name", name="js/main.js") == assets.tags(*both)
        assert tag("asset_tags 'css/app.css' nonce=n", n="x\"'<>") == assets.tags("css/app.css", nonce="x\"'<>")
        assert tag("asset_tags 'css/app.css' media='print' data_x='<' nonce='n'") == assets.tags(
            "css/app.css", nonce="n", attributes={"media": "print", "data-x": "<"}
        )
        assert tag("asset_tags 'js/app.js' async=True") == assets.tags("js/app.js", attributes={"async": True})
        assert tag("asset_preload_tags 'css/app.css'") == assets.preload_tags("css/app.css")
        assert tag("asset_importmap nonce='n'") == assets.importmap_tag("n")
        assert tag("asset_importmap") == assets.importmap_tag()
        assert tag("asset_inline 'css/base.css'") == assets.inline("css/base.css") == "b{}"


@pytest.mark.usefixtures("manifest")
def test_urls_are_escaped_where_text_is_and_markup_is_not() -> None:
    name = "odd name (1)&'ü.css"
    url = glue.assets().url(name)
    assert tag("asset_url name", name=name) == url.replace("&", "&amp;").replace("'", "&#x27;") != url
    assert render("{% load assetbuild %}{% asset_url n %}", autoescape=False, n=name) == url
    assert render("{% load assetbuild %}{% asset_tags n as t %}[{{ t }}]", n=name) == f"[{glue.assets().tags(name)}]"


@pytest.mark.usefixtures("manifest")
@pytest.mark.parametrize("nonce", [None, ""])
def test_without_a_nonce_there_is_no_attribute(nonce: str | None) -> None:
    assert tag("asset_tags 'css/app.css' nonce=nonce", nonce=nonce) == glue.assets().tags("css/app.css")
    assert tag("asset_tags 'css/app.css' nonce=absent") == glue.assets().tags("css/app.css")


@pytest.mark.usefixtures("manifest")
def test_a_nonce_that_is_made_when_it_is_first_shown_is_shown() -> None:
    class LazyNonce:
        """As that of Django 6: false until it was turned into a string."""

        def __bool__(self) -> bool:
            return False

        def __str__(self) -> str:
            return "r4nd0m"

    assert 'nonce="r4nd0m"' in tag("asset_tags 'css/app.css' nonce=nonce", nonce=LazyNonce())


@pytest.mark.usefixtures("manifest")
@pytest.mark.parametrize(
    "source",
    [
        "asset_url 'css/ap.css'",
        "asset_url name='css/ap.css'",
        "asset_url 'css/ap.css' as url",
        "asset_tags 'css/app.css' 'css/ap.css'",
        "asset_integrity 'css/ap.css'",
        "asset_preload_tags 'css/ap.css'",
        "asset_inline 'css/ap.css'",
    ],
)
def test_a_literal_unknown_name_fails_when_the_template_is_compiled(source: str) -> None:
    with pytest.raises(TemplateSyntaxError, match=r"no asset 'css/ap\.css'.*did you mean 'css/app\.css'"):
        DjangoTemplate("{% load assetbuild %}{% if never %}{% " + source + " %}{% endif %}")


@pytest.mark.usefixtures("manifest")
def test_a_name_that_is_known_at_render_fails_at_render() -> None:
    compiled = DjangoTemplate("{% load assetbuild %}{% asset_url name %}{% asset_url 'CSS/APP.CSS'|lower %}")
    assert str(compiled.render(Context({"name": "js/app.js"}))).endswith(path_of("css/app.css"))
    with pytest.raises(UnknownAsset):
        compiled.render(Context({"name": "css/ap.css"}))


@pytest.mark.usefixtures("manifest")
def test_djangos_jinja2_backend_has_the_helpers() -> None:
    backend = {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "NAME": "jinja2",
        "OPTIONS": {"environment": "assetbuild.django.jinja2.environment"},
    }
    with override_settings(TEMPLATES=[backend]):
        source = "{{ asset_tags('css/app.css') }} {{ static('js/app.js') }} {{ asset_url(n) }} {{ n }}"
        page = engines["jinja2"].from_string(source).render({"n": "odd name (1)&'ü.css"}, RequestFactory().get("/"))
    assets = glue.assets()
    odd = assets.url("odd name (1)&'ü.css").replace("&", "&amp;").replace("'", "&#39;")
    name = "odd name (1)&amp;&#39;ü.css"
    assert page == f"{assets.tags('css/app.css')} {assets.url('js/app.js')} {odd} {name}"


# --- at start ----------------------------------------------------------------------------------------------


def test_a_server_starts_and_serves_with_the_manifest(manifest: Path) -> None:
    page = Client().get("/").content.decode()
    assert page == f"{glue.assets().tags('css/app.css')}{glue.assets().url('js/app.js')}"


@pytest.mark.parametrize("handler", [WSGIHandler, ASGIHandler])
def test_a_server_does_not_start_without_a_manifest(handler: Any, tmp_path: Path) -> None:
    with (
        override_settings(ASSETBUILD_MANIFEST=tmp_path / "manifest.json"),
        pytest.raises(ManifestError, match=r"manifest\.json: there is no manifest here; run `assetbuild build`"),
    ):
        handler()
    with pytest.raises(ImproperlyConfigured, match="ASSETBUILD_MANIFEST is not there; set it"):
        handler()


def test_no_request_passes_through_what_looks_at_start(manifest: Path) -> None:
    async def ask() -> bytes:
        from django.test import AsyncClient

        return bytes((await AsyncClient().get("/")).content)

    with override_settings(MIDDLEWARE=[START]):
        with_it = vars(WSGIHandler())["_middleware_chain"]
    with override_settings(MIDDLEWARE=[]):
        without = vars(WSGIHandler())["_middleware_chain"]
    assert with_it.__wrapped__.__qualname__ == without.__wrapped__.__qualname__
    assert b"stylesheet" in asyncio.run(ask())


@pytest.mark.parametrize(
    ("debug", "reload", "reloads"), [(False, None, False), (True, None, True), (True, False, False)]
)
def test_in_debug_the_manifest_is_read_anew(manifest: Path, debug: bool, reload: bool | None, reloads: bool) -> None:
    with override_settings(DEBUG=debug, ASSETBUILD_RELOAD=reload):
        before = static("css/app.css")
        write(manifest.parent, FILES | {"css/app.css": "changed"})
        assert (static("css/app.css") != before) == reloads


def test_assets_for_tests_stand_in_for_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "app.css").write_text("a{}")
    with override_settings(ASSETBUILD_MANIFEST=Assets.for_tests(tmp_path, names=["js/app.js"])):
        assert (static("app.css"), tag("asset_url 'js/app.js'")) == ("/static/app.css", "/static/js/app.js")
        with pytest.raises(UnknownAsset):
            static("ap.css")
        assert not finders.find("app.css")


# --- system checks -----------------------------------------------------------------------------------------


def ids() -> list[str]:
    return sorted(message.id or "" for message in run_checks() if (message.id or "").startswith("assetbuild."))


def test_checks_name_what_is_wrong_with_settings(manifest: Path, tmp_path: Path) -> None:
    whitenoise = "whitenoise.middleware.WhiteNoiseMiddleware"
    plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    served = {
        "MIDDLEWARE": [START, whitenoise],
        "WHITENOISE_IMMUTABLE_FILE_TEST": glue.immutable_file_test,
        "STATICFILES_FINDERS": [],
    }
    for changed, wanted in [
        ({"ASSETBUILD_MANIFEST": None}, ["E001"]),
        ({"ASSETBUILD_MANIFEST": 3}, ["E001"]),
        ({"ASSETBUILD_BASE_URL": "https://x/?"}, ["E001"]),
        ({"ASSETBUILD_MANIFEST": tmp_path / "none.json"}, ["E002"]),
        ({"ASSETBUILD_ROOT": tmp_path}, ["E003", "W005"]),
        ({"STORAGES": plain}, ["W001", "W005"]),
        ({"MIDDLEWARE": []}, ["W002", "W005"]),
        ({"MIDDLEWARE": [START, whitenoise]}, ["W003", "W005"]),
        ({"MIDDLEWARE": [START, whitenoise], "WHITENOISE_IMMUTABLE_FILE_TEST": glue.immutable_file_test}, ["W005"]),
        ({**served, "STATIC_ROOT": None}, ["W005", "W006"]),
        ({**served, "STATIC_ROOT": tmp_path / "collected"}, ["W005", "W006"]),
        ({**served, "STATIC_ROOT": str(manifest.parent)}, ["W005"]),
        ({**served, "STATIC_ROOT": None, "WHITENOISE_ROOT": tmp_path}, ["W005"]),
        ({**served, "STATIC_ROOT": None, "ASSETBUILD_BASE_URL": CDN}, ["W005"]),
        ({**served, "STATIC_ROOT": None, "STATICFILES_FINDERS": [FINDER]}, ["W005"]),
        ({"DEBUG": True}, ["W005"]),
        ({"DEBUG": True, "STATICFILES_FINDERS": []}, ["W004", "W005"]),
        ({"DEBUG": True, "STATICFILES_FINDERS": [], "ASSETBUILD_BASE_URL": CDN}, ["W005"]),
        ({"ASSETBUILD_STRICT": False}, []),
        ({}, ["W005"]),
    ]:
        with override_settings(**changed):  # type: ignore[arg-type]
            assert ids() == ["assetbuild." + name for name in wanted], changed


def test_a_check_says_what_to_do(manifest: Path) -> None:
    (warning,) = [message for message in run_checks() if message.id == "assetbuild.W005"]
    assert warning.msg == "the static files of django.contrib.admin are not in the manifest"
    assert '{package = "django.contrib.admin", path = "static"}' in (warning.hint or "")
    manifest.write_bytes(b"{")
    with override_settings(ASSETBUILD_MANIFEST=manifest):
        (error,) = [message for message in run_checks() if (message.id or "").startswith("assetbuild.")]
    assert error.msg.startswith(f"{manifest}: this is no usable manifest: not JSON")
    assert error.hint == "run `assetbuild build` to write it anew"


# --- serving -----------------------------------------------------------------------------------------------


def test_collectstatic_is_refused_and_touches_nothing(manifest: Path) -> None:
    folder = manifest.parent
    source = folder.parent / "source"
    source.mkdir()
    (source / "x.css").write_text("x")
    (folder / "x.css").write_text("a plain copy")
    os.utime(folder / "x.css", (0, 0))  # what is newer is left alone by collectstatic anyway
    with override_settings(
        STATIC_ROOT=folder,
        STATICFILES_DIRS=[source],
        STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
    ):
        with pytest.raises(AssetbuildError, match="written by `assetbuild build`, not by collectstatic; add"):
            call_command("collectstatic", interactive=False, verbosity=0)
        assert (folder / "x.css").read_text() == "a plain copy"
        with override_settings(ASSETBUILD_STRICT=False):
            call_command("collectstatic", interactive=False, verbosity=0)
        assert (folder / "x.css").read_text() == "x"


def test_collectstatic_with_the_outputs_only_has_nothing_to_do(manifest: Path, tmp_path: Path) -> None:
    with override_settings(STATIC_ROOT=tmp_path / "root"):
        call_command("collectstatic", interactive=False, verbosity=0)
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("path", ["../secret.txt", "css", "css/app.css"])
def test_the_finder_finds_outputs_only(manifest: Path, path: str) -> None:
    from django.core.exceptions import SuspiciousFileOperation

    (manifest.parent.parent / "secret.txt").write_text("secret")
    try:
        assert not finders.find(path)
    except SuspiciousFileOperation:
        assert ".." in path


def test_whitenoise_serves_outputs_for_ever(manifest: Path) -> None:
    (manifest.parent / "css/base.css").write_text("plain copy")
    with override_settings(
        STATIC_ROOT=manifest.parent,
        MIDDLEWARE=[START, "whitenoise.middleware.WhiteNoiseMiddleware"],
        WHITENOISE_IMMUTABLE_FILE_TEST=glue.immutable_file_test,
    ):
        client = Client()
        ages = {}
        for url in (static("css/app.css"), "/static/css/base.css"):
            answer = client.get(url)
            assert b"".join(answer) in (b"a{}", b"plain copy")
            answer.close()
            ages[url] = answer["Cache-Control"]
    assert ages == {
        "/static/" + path_of("css/app.css"): "max-age=315360000, public, immutable",
        "/static/css/base.css": "max-age=60, public",
    }


def test_whitenoise_starts_without_the_setting_too(manifest: Path) -> None:
    """It asks the storage for names that are not there, and expects a ValueError."""
    (manifest.parent / "js/app.0123456789ab.js").write_text("x")
    with override_settings(STATIC_ROOT=manifest.parent, MIDDLEWARE=["whitenoise.middleware.WhiteNoiseMiddleware"]):
        assert Client().get("/").status_code == 200
