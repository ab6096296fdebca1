"""`publish` and its kin as one types them: what they say, their JSON, their exit codes, and that faults have names."""

from __future__ import annotations

import contextlib
import errno
import http.server
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from assetbuild import cli_shared
from assetbuild.build import publish_local
from assetbuild.build.publish_plan import Reason
from assetbuild.build.storage import Failure, Headers, StorageError
from assetbuild.build.storage_directory import DirectoryStorage
from assetbuild.build.storage_memory import MemoryStorage
from assetbuild.progress import Bar
from tests.cli_seams import SCHEMAS, Ran, carry_out, validate
from tests.project import Project, png, project
from tests.publishing import Client, Effect, Request, failure
from tests.servers import BUCKET, ON_ONE_WORKER, Server

FILES: Mapping[str, str | bytes] = {
    "css/app.css": "body { margin: 0; background: url(../img/dot.png) }\n" + "main { color: red }\n" * 20,
    "js/app.js": "document.title = 'x';\n" * 20,
    "img/dot.png": png(),
    "favicon.ico": b"ico",
}
CONFIG = 'compress = ["br"]\nstable = ["favicon.ico"]\n[publish]\ntarget = "file:cdn"\n'
Cli = Callable[..., Ran]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project that was built, in the current folder."""
    monkeypatch.delenv("ASSETBUILD_DEBUG", raising=False)
    site = project(tmp_path / "site", FILES, CONFIG)
    site.build()
    monkeypatch.chdir(site.root)
    return site


@pytest.fixture
def cli(made: Project, capsys: pytest.CaptureFixture[str]) -> Cli:
    return lambda *arguments: carry_out(arguments, capsys)


def edit(site: Project, number: int) -> str:
    """Another build; gives its id."""
    site.write({"static/css/app.css": f"body {{ order: {number} }}\n"})
    return site.build().build


def objects(folder: Path) -> set[str]:
    """The keys of what was published, without what the storage and the state keep."""
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return {path.as_posix() for path in files if not path.parts[0].startswith(".")}


# --- publish ---------------------------------------------------------------------------------------------


def test_a_publish_sends_all_that_the_manifest_names_and_nothing_else(made: Project, cli: Cli) -> None:
    (made.output / "by-hand.txt").write_text("x")
    ran = cli("publish")
    assert (ran.code, ran.err) == (0, "")
    build = made.manifest["build"][:8]
    where = (made.root / "cdn").as_uri()
    assert ran.out.startswith("sent 6 objects, ")
    assert ran.out.endswith(f": build {build} is live in production at {where}\n")
    assert objects(made.root / "cdn") == set(made.public()) - {"by-hand.txt"}
    assert cli("publish").out == f"up to date: build {build} is live in production at {where}\n"


def test_dotfiles_are_never_uploaded_wherever_they_lie(made: Project, cli: Cli) -> None:
    secret = b"SECRET=1"
    made.write({f"static/{name}": secret for name in (".env", "css/.env", ".git/config", ".well-known/x.txt")})
    made.build()
    for name in (".env", "css/.env", ".git/config"):
        (made.output / name).parent.mkdir(parents=True, exist_ok=True)
        (made.output / name).write_bytes(secret)
    assert cli("publish").code == 0
    found = [path for path in (made.root / "cdn").rglob("*") if path.is_file()]
    assert found
    assert not [path for path in found if path.read_bytes() == secret]


def test_a_changed_file_is_all_that_a_second_publish_sends(made: Project, cli: Cli) -> None:
    cli("publish")
    edit(made, 1)
    assert cli("publish").out.startswith("sent 1 object, ")


def test_a_dry_run_gives_a_reason_for_each_object_and_writes_nothing(made: Project, cli: Cli) -> None:
    ran = cli("publish", "--dry-run")
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert sorted(line.split()[1] for line in lines[:-2]) == sorted(
        set(made.public()) - {"favicon.ico", "manifest.json"}
    )
    assert all(line.startswith("send  ") and line.endswith("  absent") for line in lines[:-2])
    assert lines[-2].startswith("would send 6 objects, ")
    assert lines[-2].endswith("; 0 are there already; nothing was written")
    assert lines[-1].startswith(f"would make build {made.manifest['build'][:8]} live in production at file:///")
    assert not (made.root / "cdn").exists()
    cli("publish")
    before = made.manifest["build"]
    edit(made, 1)
    assert cli("publish", "--dry-run").out.endswith(f" in the place of {before[:8]}\n")


def test_a_dry_run_says_about_how_many_requests_it_will_be(
    made: Project, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Client(MemoryStorage())
    monkeypatch.setattr(publish_local, "open_storage", lambda target, **_: storage)
    for number in range(3):
        said = cli("publish", "--dry-run", "--json").document
        storage.requests.clear()
        cli("publish")
        assert abs(said["requests"] - len(storage.requests)) <= 6, number
        storage.requests.clear()
        nothing = cli("publish", "--json").document
        assert nothing["requests"] == len(storage.requests) == 4
        edit(made, number)


def test_another_environment_has_a_log_of_its_own(made: Project, cli: Cli) -> None:
    cli("publish", "--environment", "staging")
    assert "nothing was published yet in production" in cli("releases").out
    assert "live" in cli("releases", "--environment", "staging").out
    assert cli("publish").out.startswith("sent nothing, as all 6 objects were there, in ")


def test_the_state_may_lie_elsewhere(made: Project, cli: Cli) -> None:
    made.write({"assetbuild.toml": CONFIG + 'state = "file:state"\n'})
    assert cli("publish").code == 0
    assert list((made.root / "state").glob("releases/*.json"))
    assert not (made.root / "cdn" / ".assetbuild").exists()
    assert cli("verify", "--remote").code == 0


def test_header_rules_and_one_encoding_reach_the_target(made: Project, cli: Cli) -> None:
    made.write(
        {"assetbuild.toml": CONFIG + 'encoding = "br"\n[publish.headers]\n"img/*" = {Cache-Control = "no-cache"}\n'}
    )
    cli("publish")
    storage = DirectoryStorage(made.root / "cdn")
    css, image = storage.head(made.path("css/app.css")), storage.head(made.path("img/dot.png"))
    assert css is not None
    assert css.headers is not None
    assert css.headers.content_encoding == "br"
    assert image is not None
    assert image.headers is not None
    assert image.headers.cache_control == "no-cache"
    assert not any(key.endswith(".br") for key in objects(made.root / "cdn"))
    assert cli("verify", "--remote").code == 0


def test_force_sends_every_object_again_and_mends_what_others_changed(made: Project, cli: Cli) -> None:
    cli("publish")
    image = made.root / "cdn" / made.path("img/dot.png")
    image.write_bytes(b"x" * image.stat().st_size)
    assert cli("publish").out.startswith("up to date: ")
    assert cli("publish", "--force").out.startswith("sent 6 objects, ")
    assert cli("verify", "--remote").code == 0


# --- releases, rollback, prune ---------------------------------------------------------------------------


def test_a_rollback_makes_an_older_release_live_again(made: Project, cli: Cli) -> None:
    first = made.manifest["build"]
    cli("publish")
    second = edit(made, 1)
    cli("publish")
    ran = cli("rollback", first[:6])
    assert (ran.code, ran.out.split(" is live in ")[0]) == (0, f"build {first[:8]}")
    rows = [line.split() for line in cli("releases").out.splitlines()[1:]]
    assert [row[:2] for row in rows] == [["live", first[:8]], [second[:8], rows[1][1]], [first[:8], rows[2][1]]]
    assert [row[-1] for row in rows] == ["rollback", "publish", "publish"]
    assert json.loads((made.root / "cdn" / "manifest.json").read_bytes())["build"] == first


@pytest.mark.parametrize(("name", "hint"), [("ffffffff", "lists those that there are"), ("", "lists those")])
def test_a_rollback_to_what_is_not_there_says_where_to_look(made: Project, cli: Cli, name: str, hint: str) -> None:
    cli("publish")
    ran = cli("rollback", name)
    assert ran.code == 1
    assert f'error[release-unknown]: there is no release "{name}"' in ran.err
    assert hint in ran.err


def old_releases(site: Project, cli: Cli) -> None:
    """Three releases, of which only the last is kept."""
    site.write({"assetbuild.toml": CONFIG + 'keep_releases = 1\nretention = "0s"\n'})
    for number in range(3):
        edit(site, number)
        assert cli("publish").code == 0


def test_a_prune_removes_what_it_said_and_the_live_release_stays_whole(made: Project, cli: Cli) -> None:
    old_releases(made, cli)
    before = objects(made.root / "cdn")
    said = cli("prune", "--dry-run")
    assert (said.code, objects(made.root / "cdn")) == (0, before)
    assert said.out.splitlines()[-1].startswith("would remove 2 objects, ")
    ran = cli("prune")
    assert ran.out == said.out.replace("would remove", "removed")
    assert ran.out.endswith(", of 2 releases; kept 1 release\n")
    live = {entry["path"] for entry in made.manifest["assets"].values()}
    assert {key for key in objects(made.root / "cdn") if "-" in key and not key.endswith(".br")} == live
    assert cli("verify", "--remote").code == 0
    assert cli("prune").out == "nothing to remove; kept 1 release\n"


def test_objects_that_cannot_be_removed_are_not_said_to_be_nothing(
    made: Project, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_releases(made, cli)
    unlink = Path.unlink

    def held(path: Path, missing_ok: bool = False) -> None:
        if ".assetbuild" not in str(path.relative_to(made.root)):
            raise OSError(errno.EIO, "it stays")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", held)
    cli("prune")
    ran = cli("prune")
    assert (ran.code, ran.out) == (1, "removed nothing of 2 objects; kept 1 release\n")


def test_a_build_without_assets_is_made_live_once(made: Project, cli: Cli) -> None:
    shutil.rmtree(made.root / "static")
    made.write({"static/.keep": "", "assetbuild.toml": '[publish]\ntarget = "file:cdn"\n'})
    made.build()
    assert cli("publish").out.startswith("sent nothing, as the build has no assets, in ")
    assert cli("publish").out.startswith("up to date: ")


def test_a_prune_of_more_than_allowed_removes_nothing(made: Project, cli: Cli) -> None:
    old_releases(made, cli)
    before = objects(made.root / "cdn")
    ran = cli("prune", "--max-delete", "1")
    assert (ran.code, objects(made.root / "cdn")) == (1, before)
    assert "error[prune-too-many]: 2 objects would be removed, and --max-delete allows 1" in ran.err


def test_why_names_the_releases_that_keep_an_object(made: Project, cli: Cli) -> None:
    cli("publish")
    old = made.path("css/app.css")
    first, second = made.manifest["build"], edit(made, 1)
    cli("publish")
    assert cli("why", old, "--remote").out == f"{old} is needed by 1 release\n  {first[:8]}\n"
    lines = cli("why", "img/dot.png", "--remote").out.splitlines()
    assert lines[0] == "img/dot.png is needed by 2 releases"
    assert sorted(lines[1:]) == sorted([f"  {first[:8]}", f"  {second[:8]}, live in production"])
    assert cli("why", "nothing.css", "--remote").out == "no release needs nothing.css\n"


# --- verify ----------------------------------------------------------------------------------------------


def test_verify_remote_finds_what_others_did_to_the_target(made: Project, cli: Cli) -> None:
    assert "error[release-unknown]: nothing was published yet in production" in cli("verify", "--remote").err
    cli("publish")
    build = made.manifest["build"][:8]
    assert cli("verify", "--remote").out.startswith(f"no problems: build {build}, live in production at file:///")
    (made.root / "cdn" / made.path("img/dot.png")).write_bytes(b"other")
    (made.root / "cdn" / made.path("js/app.js")).unlink()
    ran = cli("verify", "--remote")
    assert ran.code == 1
    assert f"error[remote-damaged]: {made.path('img/dot.png')}" in ran.err
    assert f"error[remote-missing]: {made.path('js/app.js')} is not there" in ran.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--public",), "--public and --environment belong to --remote"),
        (("--environment", "x"), "--public and --environment belong to --remote"),
        (("--remote", "--origin", "https://x"), "--origin belongs to --public"),
    ],
)
def test_options_of_verify_that_mean_nothing_alone_are_wrong_usage(
    cli: Cli, arguments: tuple[str, ...], text: str
) -> None:
    ran = cli("verify", *arguments)
    assert (ran.code, f"error[usage]: {text}" in ran.err) == (2, True)


def test_verify_public_needs_an_address(made: Project, cli: Cli) -> None:
    cli("publish")
    ran = cli("verify", "--remote", "--public")
    assert (ran.code, "error[publish-no-url]" in ran.err) == (2, True)


TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".png": "image/png"}


@contextlib.contextmanager
def served(folder: Path, headers: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """A folder over HTTP on this machine; the address, and the paths that were asked for so far."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        extensions_map = {"": "image/vnd.microsoft.icon", **TYPES}  # noqa: RUF012

        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def end_headers(self) -> None:
            asked.append(self.path)
            for name, value in headers.items():
                self.send_header(name, value)
            super().end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", asked
        finally:
            server.shutdown()
            thread.join()


GOOD = {
    "Cache-Control": "public, max-age=31536000, immutable, no-transform",
    "Access-Control-Allow-Origin": "*",
}


def test_verify_public_fetches_one_of_each_kind(made: Project, cli: Cli) -> None:
    cli("publish")
    with served(made.root / "cdn", GOOD) as (url, asked):
        made.write({"assetbuild.toml": f'{CONFIG}public_url = "{url}"\n'})
        ran = cli("verify", "--remote", "--public")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[1] == "fetched 4 files as browsers do, one of each kind"
    assert sorted(asked) == sorted("/" + made.path(name) for name in FILES)


def test_verify_public_asks_for_nothing_where_an_object_is_missing(made: Project, cli: Cli) -> None:
    cli("publish")
    (made.root / "cdn" / made.path("js/app.js")).unlink()
    with served(made.root / "cdn", GOOD) as (url, asked):
        made.write({"assetbuild.toml": f'{CONFIG}public_url = "{url}"\n'})
        assert cli("verify", "--remote", "--public").code == 1
    assert asked == []


@pytest.mark.parametrize(
    ("headers", "arguments", "code", "text"),
    [
        (
            {**GOOD, "Cache-Control": "no-cache"},
            (),
            1,
            'error[public-cache]: {url}{css} is served with Cache-Control "no-',
        ),
        (
            {**GOOD, "Content-Encoding": "br"},
            (),
            1,
            'error[public-encoding]: {url}{css} is served with Content-Encoding "br"',
        ),
        (
            {"Cache-Control": GOOD["Cache-Control"]},
            (),
            0,
            "warning[public-cors]: {url}{css} and 1 more: no Access-Control",
        ),
        (
            {"Cache-Control": GOOD["Cache-Control"]},
            ("--origin", "https://www.x.example"),
            1,
            "error[public-cors]: {url}{css} and 1 more: no Access-Control-Allow-Origin for https://www.x.example",
        ),
    ],
)
def test_verify_public_says_what_browsers_would_stumble_over(
    made: Project, cli: Cli, headers: Mapping[str, str], arguments: tuple[str, ...], code: int, text: str
) -> None:
    cli("publish")
    with served(made.root / "cdn", headers) as (url, _):
        made.write({"assetbuild.toml": f'{CONFIG}public_url = "{url}"\n'})
        ran = cli("verify", "--remote", "--public", *arguments)
    assert ran.code == code, ran.err
    assert text.format(url=url, css=made.path("css/app.css")) in ran.err


def test_verify_public_says_that_an_address_leads_nowhere(made: Project, cli: Cli) -> None:
    cli("publish")
    with served(made.root, GOOD) as (url, _):
        made.write({"assetbuild.toml": f'{CONFIG}public_url = "{url}"\n'})
        assert "error[public-status]" in (ran := cli("verify", "--remote", "--public")).err
        assert "answers 404" in ran.err
    ran = cli("verify", "--remote", "--public")
    assert (ran.code, "error[public-unreachable]" in ran.err) == (1, True)


# --- json ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("publish", "--dry-run"),
        ("publish",),
        ("releases",),
        ("rollback", "{build}"),
        ("prune", "--dry-run"),
        ("prune",),
        ("verify", "--remote"),
        ("verify",),
        ("why", "css/app.css", "--remote"),
    ],
    ids=" ".join,
)
def test_json_is_one_document_of_its_schema(made: Project, cli: Cli, arguments: tuple[str, ...]) -> None:
    if arguments[0] != "publish":
        old_releases(made, cli)
    build = made.manifest["build"]
    ran = cli(*(word.format(build=build[:8]) for word in arguments), "--json")
    assert (ran.code, ran.err, ran.document["ok"]) == (0, "", True)
    validate(ran.document, arguments[0])
    if arguments[0] == "publish":
        assert [one["reason"] for one in ran.document["objects"]] == ["absent"] * 6
        assert ran.document["won"] == ("--dry-run" not in arguments)
    made.write({"assetbuild.toml": CONFIG.replace("file:cdn", "file:no/such/cdn")})
    ran = cli(*(word.format(build=build[:8]) for word in arguments), "--json")
    validate(ran.document, arguments[0])


def test_the_schema_knows_every_reason() -> None:
    schema = json.loads((SCHEMAS / "publish.json").read_text("utf-8"))
    listed = schema["properties"]["objects"]["items"]["properties"]["reason"]["enum"]
    assert listed == [reason.value for reason in Reason]


# --- what goes wrong -------------------------------------------------------------------------------------


CONFIG_MISTAKES = [
    (
        "",
        "assetbuild.toml: error[publish-no-target]: `[publish]` names no target",
        "write [publish] and below it target",
    ),
    (
        '[publish]\ntarget = "cdn"',
        'assetbuild.toml:2:10: error[storage-target]: the target "cdn" is no URL',
        "write target",
    ),
    ('[publish]\ntarget = "ftp://x/y"', "assetbuild.toml:2:10: error[storage-target]", "write target"),
    (
        '[publish]\ntarget = "file:public/assets/cdn"',
        "error[publish-target]: the target file:///",
        "a folder of its own",
    ),
    ('[publish]\ntarget = "file:public"', "contains the output folder", "a folder of its own"),
    ('[publish]\ntarget = "file:static"', 'is the source root "static"', "a folder of its own"),
    (
        '[publish]\ntarget = "file:cdn"\nstate = "file:.assetbuild/x"',
        "assetbuild.toml:3:9: error[publish-target]",
        "own",
    ),
    (
        '[publish]\ntarget = "file:cdn"\nstate = "css"',
        "assetbuild.toml:3:9: error[publish-clash]: css/app-",
        "give `state`",
    ),
]


@pytest.mark.parametrize(("config", "text", "hint"), CONFIG_MISTAKES)
def test_a_wrong_configuration_is_said_at_its_place_before_anything_is_sent(
    made: Project, cli: Cli, config: str, text: str, hint: str
) -> None:
    before = made.public()
    made.write({"assetbuild.toml": config})
    ran = cli("publish")
    assert ran.code == (1 if "publish-clash" in text else 2)
    assert text in ran.err
    assert hint in ran.err
    assert made.public() == before
    assert not (made.root / "cdn").exists()


def test_an_environment_that_is_none_is_refused(cli: Cli) -> None:
    ran = cli("publish", "--environment", "a/b")
    assert (ran.code, "error[publish-environment]: the environment must be letters" in ran.err) == (2, True)


@pytest.mark.parametrize("command", [("publish",), ("releases",), ("rollback", "0"), ("verify", "--remote")])
def test_an_empty_environment_does_not_mean_the_configured_one(cli: Cli, command: tuple[str, ...]) -> None:
    ran = cli(*command, "--environment", "")
    assert (ran.code, "error[usage]: Invalid value for '--environment': it is empty" in ran.err) == (2, True)


def test_nothing_is_sent_of_an_output_that_is_not_as_the_manifest_says(made: Project, cli: Cli) -> None:
    (made.output / made.path("img/dot.png")).write_bytes(b"other")
    ran = cli("publish")
    assert ran.code == 1
    assert "error[output-damaged]" in ran.err
    assert objects(made.root / "cdn") == set()
    (made.output / made.path("js/app.js")).with_suffix(".js.br").write_bytes(b"x")
    assert "error[variant-damaged]" in cli("publish").err


def test_without_a_build_it_says_so(made: Project, cli: Cli) -> None:
    (made.output / "manifest.json").unlink()
    ran = cli("publish")
    assert ran.code == 1
    assert "error[manifest]: there is no manifest here; run `assetbuild build`" in ran.err


def test_a_target_whose_folder_is_not_there_is_never_made(made: Project, cli: Cli) -> None:
    made.write({"assetbuild.toml": CONFIG.replace("file:cdn", "file:no/such/cdn")})
    ran = cli("publish")
    assert (ran.code, "error[storage-no-bucket]" in ran.err) == (1, True)
    assert not (made.root / "no").exists()


def test_a_record_that_was_edited_is_named(made: Project, cli: Cli) -> None:
    cli("publish")
    (entry,) = (made.root / "cdn" / ".assetbuild" / "log" / "production").iterdir()
    entry.write_text("{", "utf-8")
    ran = cli("releases")
    assert (ran.code, "error[record-damaged]" in ran.err) == (1, True)
    assert entry.name in ran.err
    assert "delete it there and publish again" in ran.err


COMMANDS = [
    ("publish",),
    ("publish", "--dry-run"),
    ("releases",),
    ("rollback", "0"),
    ("prune",),
    ("verify", "--remote"),
    ("why", "css/app.css", "--remote"),
]
FATAL = [
    Failure.DENIED,
    Failure.CREDENTIALS,
    Failure.CLOCK,
    Failure.NO_BUCKET,
    Failure.TLS,
    Failure.TARGET,
    Failure.FULL,
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("kind", FATAL, ids=lambda kind: str(kind.value))
def test_every_failure_of_a_storage_is_a_message_with_a_way_out(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], kind: Failure
) -> None:
    def gate(request: Request, effect: Effect) -> object:
        raise failure(kind)

    monkeypatch.setattr(publish_local, "open_storage", lambda target, **_: Client(MemoryStorage(), gate))
    ran = cli(*command)
    assert ran.code == (2 if kind is Failure.TARGET else 1)
    assert f"error[storage-{kind.value}]: memory: {kind.value}" in ran.err
    assert "hint: wait" in ran.err
    assert "Traceback" not in ran.err


def test_a_failure_while_sending_says_what_and_the_next_publish_goes_on(
    made: Project, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = MemoryStorage()
    wrong = made.path("js/app.js")

    def gate(request: Request, effect: Effect) -> object:
        if request.method == "put" and request.key == wrong:
            raise StorageError(Failure.OTHER, f"{wrong} is not wanted", hint="ask the server", key=wrong)
        return effect()

    monkeypatch.setattr(publish_local, "open_storage", lambda target, **_: Client(memory, gate))
    ran = cli("publish")
    assert (ran.code, f"error[storage-other]: {wrong} is not wanted" in ran.err) == (1, True)
    assert "nothing was published yet" in cli("releases").out
    monkeypatch.setattr(publish_local, "open_storage", lambda target, **_: Client(memory))
    assert cli("publish").code == 0
    assert cli("verify", "--remote").code == 0


def test_another_publisher_that_was_later_is_said_to_have_won(
    made: Project, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = MemoryStorage()
    first = made.manifest["build"]
    monkeypatch.setattr(publish_local, "open_storage", lambda target, **_: Client(memory))
    cli("publish")
    mine = edit(made, 1)
    (entry,) = memory.list(".assetbuild/log/production/")

    def gate(request: Request, effect: Effect) -> object:
        done = effect()
        if request.method == "put" and "/log/" in request.key:  # a later entry, which names the first build again
            stored = memory.get(entry.key)
            memory.put(f".assetbuild/log/production/{0:012d}-{0:032x}.json", stored.body, Headers("application/json"))
        return done

    monkeypatch.setattr(publish_local, "open_storage", lambda target, **_: Client(memory, gate))
    ran = cli("publish")
    assert ran.code == 0
    assert f": build {mine[:8]} is published whole, but {first[:8]}, which somebody else published later," in ran.out


# --- real servers ----------------------------------------------------------------------------------------


@pytest.fixture(params=[pytest.param("seaweedfs", marks=ON_ONE_WORKER), pytest.param("rclone", marks=ON_ONE_WORKER)])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


def at_server(site: Project, server: Server, *arguments: str, **environment: str) -> Ran:
    """The command in a process of its own, with a server's credentials in its environment."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ASSETBUILD_"))}
    done = subprocess.run(
        [sys.executable, "-m", "assetbuild", *arguments],
        cwd=site.root,
        env={**plain, **server.environment(), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_the_whole_round_at_a_real_server_over_tls(made: Project, server: Server) -> None:
    target = f"s3://{BUCKET}/{secrets.token_hex(6)}"
    settings = f'endpoint_url = "{server.https}"\nregion = "us-east-1"\nkeep_releases = 1\nretention = "0s"\n'
    made.write({"assetbuild.toml": CONFIG.replace("file:cdn", target) + settings})
    first = made.manifest["build"][:8]
    rounds: list[tuple[tuple[str, ...], str]] = [
        (("publish", "--dry-run"), "would send 6 objects, "),
        (("publish",), f": build {first} is live in production at {target}"),
        (("publish",), f"up to date: build {first} is live in production at {target}"),
        (("verify", "--remote"), f"no problems: build {first}, live in production at {target}, 6 objects"),
    ]
    for command, text in rounds:
        ran = at_server(made, server, *command)
        assert (ran.code, ran.err, text in ran.out) == (0, "", True), ran
    second = edit(made, 1)[:8]
    rounds = [
        (("publish",), "sent 1 object, 13 B, in "),
        (("rollback", first), f"build {first} is live in production at {target}"),
        (("prune",), "removed 1 object, 13 B, of 1 release; kept 1 release"),
        (("releases",), f"live    {first}"),
        (("why", "css/app.css", "--remote"), "css/app.css is needed by 1 release"),
        (("verify", "--remote"), "no problems"),
    ]
    for command, text in rounds:
        ran = at_server(made, server, *command)
        assert (ran.code, ran.err, text in ran.out) == (0, "", True), ran
    assert second not in at_server(made, server, "releases").out


def test_wrong_credentials_and_a_missing_bucket_have_their_true_cause(made: Project, server: Server) -> None:
    settings = f'endpoint_url = "{server.https}"\nregion = "us-east-1"\n'
    made.write({"assetbuild.toml": CONFIG.replace("file:cdn", f"s3://{BUCKET}/x") + settings})
    ran = at_server(made, server, "publish", AWS_SECRET_ACCESS_KEY="wrong")
    assert (ran.code, "error[storage-credentials]" in ran.err, "Traceback" in ran.err) == (1, True, False)
    made.write({"assetbuild.toml": CONFIG.replace("file:cdn", "s3://no-such-bucket/x") + settings})
    ran = at_server(made, server, "publish")
    assert (ran.code, "error[storage-no-bucket]" in ran.err, "Traceback" in ran.err) == (1, True, False)
    assert server.https in ran.err


# --- the terminal ----------------------------------------------------------------------------------------


def test_a_bar_shows_what_is_left_and_goes(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.test_cli_process import in_terminal

    monkeypatch.setattr(cli_shared, "Bar", lambda stream, width: Bar(stream, width, after=-1.0, clock=Steps()))
    code, shown = in_terminal(monkeypatch, "publish")
    assert code == 0
    assert "send  [" in shown
    assert "  1/6, " in shown
    assert " left" in shown
    assert "0 B left" in shown
    assert shown.rstrip().split("\r")[-1].startswith("sent 6 objects, ")


class Steps:
    """A clock of which every look is a second later."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


SLOW = """
import sys, time
from assetbuild import cli
from assetbuild.build.storage_directory import DirectoryStorage
real = DirectoryStorage.put
def put(self, key, *args, **named):
    if key.startswith("many/"):
        time.sleep(0.05)
    return real(self, key, *args, **named)
DirectoryStorage.put = put
sys.exit(cli.run(["publish"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="sends signals")
@pytest.mark.parametrize(
    ("number", "code", "what"),
    [(signal.SIGINT, 130, "stopped from the keyboard"), (signal.SIGTERM, 143, "ended by SIGTERM")],
)
def test_after_ctrl_c_or_sigterm_a_rerun_goes_on(
    made: Project, cli: Cli, number: signal.Signals, code: int, what: str
) -> None:
    made.write({f"static/many/{number}.txt": f"{number}" for number in range(200)})
    made.write({"assetbuild.toml": CONFIG + "workers = 2\n"})
    made.build()
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW], cwd=made.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while len(objects(made.root / "cdn")) < 5 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, b"")
    assert f"error[interrupted]: {what}; what has been done at the target stays done" in err.decode()
    assert "hint: run it again: it goes on from there; `assetbuild releases` says what is live" in err.decode()
    assert "Traceback" not in err.decode()
    there = len(objects(made.root / "cdn"))
    assert 5 <= there < 200
    said = cli("publish", "--dry-run", "--json").document
    assert said["sent"]["objects"] == 206 - there
    assert cli("publish").code == 0
    assert cli("verify", "--remote").code == 0


SLOW_PRUNE = """
import sys, time
from assetbuild import cli
from assetbuild.build.storage_directory import DirectoryStorage
real = DirectoryStorage.delete_many
def delete_many(self, keys):
    print("deleting", flush=True)
    time.sleep(60)
    return real(self, keys)
DirectoryStorage.delete_many = delete_many
sys.exit(cli.run(["prune"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="sends SIGTERM")
def test_a_prune_that_is_ended_by_sigterm_keeps_nobody_waiting(made: Project, cli: Cli) -> None:
    old_releases(made, cli)
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_PRUNE], cwd=made.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "deleting\n"
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "error[interrupted]: ended by SIGTERM" in err) == (143, True)
    assert cli("prune").code == 0


def test_nothing_but_click_and_what_a_file_target_needs_is_imported(made: Project) -> None:
    """Nothing to do is said in a fraction of a second; boto3, engines and scanners would be felt."""
    program = (
        "import sys; from assetbuild import cli; cli.run(['publish']); cli.run(['publish']); "
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    cli_first = subprocess.run(
        [sys.executable, "-c", program], cwd=made.root, capture_output=True, text=True, check=True
    )
    assert not {"boto3", "botocore", "rjsmin", "rcssmin", "jinja2"} & set(cli_first.stdout.split())
