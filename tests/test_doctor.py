"""`assetbuild doctor`: each fault has its line, its cause and its setting; nothing stays behind, no secret is said."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from assetbuild import cli
from assetbuild.build import doctor_public, doctor_target
from assetbuild.build.doctor_findings import Finding, Verdict
from assetbuild.build.doctor_public import Public
from assetbuild.build.doctor_target import Subject
from assetbuild.build.ledger import Release
from assetbuild.build.public_url import Answer, Unreachable
from assetbuild.build.storage import Abilities, Condition, Failure, Headers, ObjectInfo, StorageError, Stored
from assetbuild.build.storage_memory import MemoryStorage
from tests.cli_seams import Ran, validate
from tests.project import PLAIN, project
from tests.servers import ACCESS_KEY, BUCKET, READ_ONLY, SECRET_KEY, Server, free_ports
from tests.storages import REMOTE, rows, world_of

NOW = 1_800_000_000.0
FOLDER = ".assetbuild/doctor/0/"
ENDPOINT = "https://s3.example.com"
ACTIONS = {"list": "s3:ListBucket", "put": "s3:PutObject", "get": "s3:GetObject", "delete": "s3:DeleteObject"}
Fault = Callable[["Sick", str], None]


@dataclass(slots=True)
class Sick:
    """A storage in memory that fails or lies as the rules of a test say. `asked` has every request."""

    inner: MemoryStorage = field(default_factory=lambda: MemoryStorage(clock=lambda: NOW))
    fault: Fault = lambda sick, method: None
    shown: Callable[[Stored], Stored] = lambda stored: stored
    listed: Callable[[list[ObjectInfo]], list[ObjectInfo]] = lambda found: found
    conditions: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)

    name, endpoint = "s3://bucket/assets", ENDPOINT
    abilities = Abilities(conditions=None, lists_headers=False)

    def _ask(self, method: str, key: str) -> None:
        self.asked.append((method, key))
        self.fault(self, method)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[ObjectInfo]:
        self._ask("list", prefix)
        return iter(self.listed(list(self.inner.list(prefix)))[:limit])

    def head(self, key: str) -> ObjectInfo | None:
        self._ask("head", key)
        return self.inner.head(key)

    def get(self, key: str) -> Stored:
        self._ask("get", key)
        return self.shown(self.inner.get(key))

    def put(
        self, key: str, body: bytes, headers: Headers, *, sha256: str = "", condition: Condition | None = None
    ) -> ObjectInfo:
        self._ask("put", key)
        return self.inner.put(key, body, headers, condition=condition if self.conditions else None)

    def delete(self, key: str) -> None:
        self._ask("delete", key)
        self.inner.delete(key)

    def delete_many(self, keys: Iterable[str]) -> tuple[StorageError, ...]:
        raise AssertionError("a storage that knows batches is asked for one")

    def delete_batch(self, keys: Iterable[str]) -> Sequence[StorageError]:
        keys = list(keys)
        self._ask("batch", " ".join(keys))
        for key in keys:
            self.inner.delete(key)
        return ()

    def close(self) -> None:
        self.inner.close()


def error(kind: Failure, *, action: str = "", offset: float | None = None) -> StorageError:
    words, status = f"memory: {kind.value}", 0 if kind in (Failure.UNREACHABLE, Failure.TLS) else 400
    return StorageError(kind, words, hint="set something", action=action, offset=offset, status=status)


def failing(kind: Failure, *methods: str, times: int = 10**6, offset: float | None = None) -> Fault:
    left = [times]

    def fault(sick: Sick, method: str) -> None:
        if method in methods and left[0] > 0:
            left[0] -= 1
            raise error(kind, action=ACTIONS.get(method, "") if kind is Failure.DENIED else "", offset=offset)

    return fault


def headers_with(**fields: Any) -> Callable[[Stored], Stored]:
    def shown(stored: Stored) -> Stored:
        assert stored.info.headers is not None
        return replace(stored, info=replace(stored.info, headers=replace(stored.info.headers, **fields)))

    return shown


def info_with(**fields: Any) -> Callable[[Stored], Stored]:
    return lambda stored: replace(stored, info=replace(stored.info, **fields))


def later(seconds: float) -> Callable[[Stored], Stored]:
    return lambda stored: replace(stored, info=replace(stored.info, modified=stored.info.modified + seconds))


def examined(sick: Sick, *, endpoint: str = ENDPOINT, **options: Any) -> dict[str, Finding]:
    found = doctor_target.examine(
        Subject(sick, FOLDER, endpoint, now=lambda: NOW, wait=lambda seconds: None, **options)
    )
    return {finding.name: finding for finding in found}


def verdicts(found: Mapping[str, Finding]) -> dict[str, str]:
    """Those that are neither fine nor skipped."""
    return {name: one.verdict.value for name, one in found.items() if one.verdict.value not in ("ok", "skipped")}


def held(sick: Sick) -> list[str]:
    return [info.key for info in sick.inner.list()]


# --- a target in memory ----------------------------------------------------------------------------------


def test_a_target_that_can_do_all_is_found_to_with_few_requests_below_one_folder() -> None:
    sick = Sick()
    found = examined(sick)
    assert verdicts(found) == {}
    assert {name for name, one in found.items() if one.verdict is Verdict.SKIPPED} == {"parts", "public"}
    assert len(sick.asked) == 15
    assert all(key.startswith(FOLDER) for _, keys in sick.asked for key in keys.split())
    assert held(sick) == []


def test_a_folder_is_not_asked_for_what_only_servers_have() -> None:
    found = examined(Sick(), endpoint="")
    assert {"connection", "tls", "credentials", "batches", "permissions"} & set(found) == set()
    assert verdicts(found) == {}


@pytest.mark.parametrize("failure", [Failure.OTHER, Failure.TRANSIENT])
def test_a_folder_that_cannot_be_listed_is_a_fault(failure: Failure) -> None:
    found = examined(Sick(fault=failing(failure, "list")), endpoint="")
    assert verdicts(found) == {"folder": "error"}
    assert found["writing"].found == "not tried, because of folder"


@pytest.mark.parametrize(
    ("failure", "row", "before"),
    [
        (Failure.UNREACHABLE, "connection", []),
        (Failure.OTHER, "connection", []),
        (Failure.TRANSIENT, "connection", []),
        (Failure.TLS, "tls", ["connection"]),
        (Failure.CLOCK, "clock", ["connection", "tls"]),
        (Failure.CREDENTIALS, "credentials", ["connection", "tls"]),
        (Failure.EXPIRED, "credentials", ["connection", "tls"]),
        (Failure.NO_BUCKET, "bucket", ["connection", "tls", "credentials"]),
    ],
)
def test_what_nothing_works_without_is_told_and_nothing_else_tried(
    failure: Failure, row: str, before: list[str]
) -> None:
    sick = Sick(fault=failing(failure, "list", "put", "get", "delete", offset=5 * 3600.0))
    found = examined(sick)
    assert verdicts(found) == {row: "error"}
    assert [name for name, one in found.items() if one.verdict is Verdict.OK] == before
    assert {method for method, _ in sick.asked} == {"list"}
    assert len(sick.asked) == (3 if failure is Failure.TRANSIENT else 1)
    (problem,) = found[row].problems
    assert (problem.code, problem.hint) == (f"storage-{failure.value}", "set something")
    assert found["deleting"].found == f"not tried, because of {row}"
    if failure is Failure.CLOCK:
        assert found["clock"].found == "the server is 18000 s ahead"


@pytest.mark.parametrize(
    ("method", "bad", "missing"),
    [
        ("list", {"listing": "error"}, "s3:ListBucket"),
        ("put", {"writing": "error"}, "s3:PutObject"),
        ("get", {"reading": "error"}, "s3:GetObject"),
        ("delete", {"deleting": "error", "removal": "warning"}, "s3:DeleteObject"),
    ],
)
def test_a_missing_permission_is_named_and_the_rest_looked_at(method: str, bad: dict[str, str], missing: str) -> None:
    sick = Sick(fault=failing(Failure.DENIED, method))
    found = examined(sick)
    assert verdicts(found) == {**bad, "permissions": "error"}
    assert found["permissions"].found == f"missing: {missing}"
    assert f"`{missing}`" in found["permissions"].problems[0].hint
    assert found["bucket"].verdict is Verdict.OK
    assert len(held(sick)) == (1 if method == "delete" else 0)
    if method == "delete":
        assert held(sick)[0] in found["removal"].problems[0].text


def test_all_missing_permissions_are_found_at_once() -> None:
    found = examined(Sick(fault=failing(Failure.DENIED, "put", "delete")))
    assert found["permissions"].found == "missing: s3:DeleteObject, s3:PutObject"
    assert found["reading"].verdict is Verdict.OK
    found = examined(Sick(fault=failing(Failure.DENIED, *ACTIONS)))
    assert (found["reading"].verdict, found["bucket"].verdict) == (Verdict.SKIPPED, Verdict.SKIPPED)
    assert found["permissions"].found == "missing: s3:DeleteObject, s3:ListBucket, s3:PutObject"


FAULTS: dict[str, tuple[Sick, str, str, str]] = {
    "framing kept as encoding": (
        Sick(shown=headers_with(content_encoding="gzip,aws-chunked")),
        "framing",
        "error",
        'Content-Encoding "gzip,aws-chunked"',
    ),
    "framing in the body": (
        Sick(shown=lambda one: replace(one, body=b"8;chunk-signature=0\r\n" + one.body)),
        "framing",
        "error",
        "its framing around it",
    ),
    "other bytes": (Sick(shown=lambda one: replace(one, body=b"x")), "framing", "error", "other bytes"),
    "no secret but a framing": (Sick(fault=failing(Failure.CREDENTIALS, "put")), "writing", "error", "they are right"),
    "no length": (Sick(fault=failing(Failure.UNSUPPORTED, "put")), "writing", "error", "checksum of the body"),
    "type": (
        Sick(shown=headers_with(content_type="binary/octet-stream")),
        "headers",
        "error",
        'Content-Type was sent as "text/javascript; charset=utf-8" and comes back as "binary/octet-stream"',
    ),
    "cache": (Sick(shown=headers_with(cache_control="")), "headers", "error", "Cache-Control was sent"),
    "encoding": (Sick(shown=headers_with(content_encoding="")), "headers", "error", "Content-Encoding was sent"),
    "metadata": (Sick(shown=headers_with(metadata=())), "headers", "error", "the metadata was sent"),
    "all headers": (Sick(shown=info_with(headers=None)), "headers", "error", "not those of an object"),
    "digest": (Sick(shown=info_with(sha256=None)), "headers", "warning", "digest"),
    "clock a little off": (Sick(shown=later(300)), "clock", "warning", "is 300 s behind that of the target"),
    "clock far off": (Sick(shown=later(-1800)), "clock", "error", "is 1800 s ahead of that of the target"),
    "late listing": (Sick(listed=lambda found: found[1:]), "listing", "warning", "2 of 3 objects"),
    "order": (Sick(listed=lambda found: found[::-1]), "order", "error", "2.woff2, 10.txt, 1.js"),
    "conditions ignored": (Sick(conditions=False), "conditions", "note", "If-None-Match and If-Match"),
    "no batches": (Sick(fault=failing(Failure.UNSUPPORTED, "batch")), "batches", "note", "a request for each"),
    "batch fails": (Sick(fault=failing(Failure.OTHER, "batch")), "batches", "error", "memory: other"),
}


@pytest.mark.parametrize(("sick", "row", "verdict", "words"), FAULTS.values(), ids=FAULTS)
def test_a_fault_has_its_line_its_cause_and_an_action(sick: Sick, row: str, verdict: str, words: str) -> None:
    found = examined(sick)
    assert verdicts(found) == {row: verdict}
    (problem,) = found[row].problems
    assert words in problem.text
    assert problem.hint[:1].islower() or problem.hint.startswith("`")
    assert held(sick) == []


def test_no_hint_leads_back_to_this_command() -> None:
    (problem,) = examined(Sick(fault=failing(Failure.UNSUPPORTED, "list")))["listing"].problems
    assert "speaks S3" in problem.hint


def test_a_small_offset_of_the_clock_is_told_and_no_fault() -> None:
    found = examined(Sick(shown=later(20.4)))
    assert (found["clock"].found, verdicts(found)) == ("the server is 20 s ahead", {})
    assert examined(Sick(shown=later(-1.9)))["clock"].found == "within 2 s of the server's"


@pytest.mark.parametrize("method", ["list", "put", "get", "delete", "batch"])
def test_an_accident_is_no_fault(method: str) -> None:
    assert verdicts(examined(Sick(fault=failing(Failure.THROTTLED, method, times=2)))) == {}


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("number", range(15))
def test_nothing_stays_behind_after_an_interruption_at_any_request(number: int, before: bool) -> None:
    """The request may have been carried out: a put whose answer never came."""
    sick = Sick()

    def interrupt(one: Sick, method: str) -> None:
        if len(one.asked) == number + 1:
            if not before and method == "put":
                one.inner.put(one.asked[-1][1], b"", Headers())
            raise KeyboardInterrupt

    sick.fault = interrupt
    with pytest.raises(KeyboardInterrupt):
        examined(sick)
    assert held(sick) == []


def test_a_body_in_parts_is_sent_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_target, "PART_BYTES", 10)
    sick = Sick()
    assert examined(sick)["parts"].verdict is Verdict.SKIPPED
    assert examined(sick, sends_parts=True)["parts"].verdict is Verdict.OK
    assert held(sick) == []
    damaged = Sick(shown=lambda one: replace(one, body=b"") if one.info.key.endswith(".bin") else one)
    assert verdicts(examined(damaged, sends_parts=True)) == {"parts": "error"}


@pytest.mark.parametrize(
    ("endpoint", "verdict"), [("http://s3.example.com", "warning"), ("http://127.0.0.1:80", "skipped")]
)
def test_plain_http_is_worth_a_word_where_others_may_listen(endpoint: str, verdict: str) -> None:
    assert examined(Sick(), endpoint=endpoint)["tls"].verdict.value == verdict


# --- through the public URL ------------------------------------------------------------------------------

OPEN = {"access-control-allow-origin": "*"}


def serving(sick: Sick, **other: str) -> Callable[[str, Mapping[str, str]], Answer]:
    """A web server before a storage; '' takes a header away."""

    def ask(url: str, headers: Mapping[str, str]) -> Answer:
        stored = sick.inner.get(url.removeprefix("https://cdn.example/"))
        assert stored.info.headers is not None
        own = stored.info.headers
        said = {"content-type": own.content_type, "cache-control": own.cache_control}
        said |= {"content-encoding": own.content_encoding, **OPEN}
        said |= {name.replace("_", "-"): value for name, value in other.items()}
        return Answer(200, {name: value for name, value in said.items() if value}, stored.body)

    return ask


def refusing(status: int) -> Callable[[str, Mapping[str, str]], Answer]:
    return lambda url, headers: Answer(status, {}, b"")


def unreachable(url: str, headers: Mapping[str, str]) -> Answer:
    raise Unreachable("no route to host")


def public(ask: Callable[[str, Mapping[str, str]], Answer], *, origin: str = "", **other: Any) -> Public:
    return Public("https://cdn.example/", origin, ask=ask, **other)


def test_probes_are_fetched_once_they_are_there_and_as_browsers_do() -> None:
    sick = Sick()
    found = examined(sick, public=public(serving(sick)))  # an object that is not there would raise
    assert verdicts(found) == {}
    assert found["public"].found == "https://cdn.example/: 2 files came as browsers need them"


@pytest.mark.parametrize(
    ("fields", "origin", "verdict", "code"),
    [
        ({"content_encoding": ""}, "", "error", "public-encoding"),
        ({"cache_control": ""}, "", "error", "public-cache"),
        ({"content_type": "text/plain"}, "", "error", "public-type"),
        ({"access_control_allow_origin": ""}, "", "warning", "public-cors"),
        ({"access_control_allow_origin": ""}, "https://www.example", "error", "public-cors"),
    ],
)
def test_what_browsers_could_not_use_is_told(fields: dict[str, str], origin: str, verdict: str, code: str) -> None:
    sick = Sick()
    found = examined(sick, public=public(serving(sick, **fields), origin=origin))
    assert verdicts(found) == {"public": verdict}
    assert {problem.code for problem in found["public"].problems} == {code}


@pytest.mark.parametrize(
    ("ask", "verdict", "code"),
    [
        (refusing(403), "warning", "doctor-public"),
        (refusing(404), "warning", "doctor-public"),
        (refusing(500), "error", "public-status"),
        (unreachable, "error", "public-unreachable"),
    ],
)
def test_a_folder_that_may_be_closed_on_purpose_is_no_error(
    ask: Callable[[str, Mapping[str, str]], Answer], verdict: str, code: str
) -> None:
    found = examined(Sick(), public=public(ask))
    assert verdicts(found) == {"public": verdict}
    assert found["public"].problems[0].code == code


def test_where_the_state_is_closed_the_live_release_is_asked_for() -> None:
    sick = Sick()
    probes = [("app-0123.js", b"1", Headers("text/javascript", "immutable"))]
    sick.inner.put(*probes[0])
    release: Release = doctor_public._release(probes)
    serve = serving(sick)

    def ask(url: str, headers: Mapping[str, str]) -> Answer:
        return Answer(403, {}, b"") if "/.assetbuild/" in url else serve(url, headers)

    assert verdicts(examined(sick, public=public(ask, live=lambda: release))) == {}
    found = examined(sick, public=public(refusing(403), live=lambda: release))
    assert verdicts(found) == {"public": "error"}


# --- this machine ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Doctor:
    """Runs the command in the current folder."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Ran:
        code = cli.run(["doctor", *arguments])
        out, err = self.capsys.readouterr()
        return Ran(code, out, err)

    def found(self, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
        """The exit code, and the findings by name."""
        ran = self("--json", *arguments)
        validate(ran.document, "doctor")
        assert (ran.err, ran.document["ok"]) == ("", ran.code == 0)
        for secret in (SECRET_KEY, READ_ONLY[1], "wrong0000", ACCESS_KEY):
            assert secret not in ran.out
        found = {one["name"]: one for section in ran.document["sections"] for one in section["findings"]}
        assert [each["text"] for one in found.values() for each in one["causes"]] == [
            problem["text"] for problem in ran.document["problems"]
        ]
        return ran.code, found


@pytest.fixture
def doctored(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    (tmp_path / "app").mkdir()
    monkeypatch.chdir(tmp_path / "app")
    return Doctor(capsys)


def built(config: str = "") -> None:
    """A project that is built, in the current folder."""
    project(Path.cwd(), {"app.css": "a{b:c}"}, PLAIN + config).build()


def bad(found: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: one["verdict"] for name, one in found.items() if one["verdict"] not in ("ok", "skipped")}


def test_without_publish_only_this_machine_is_looked_at(doctored: Doctor) -> None:
    built()
    ran = doctored()
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("nothing wrong here; no [publish] names a target\n")
    code, found = doctored.found()
    assert (code, bad(found)) == (0, {})
    assert {"python", "tree-sitter", "config", "output", "up-to-date", "cache"} <= set(found)
    assert "boto3" not in found


def test_a_folder_as_target_is_looked_at_and_left_as_it_was(doctored: Doctor) -> None:
    built('[publish]\ntarget = "file:../cdn"\n')
    code, found = doctored.found()
    assert (code, bad(found)) == (0, {})
    assert [path for path in Path("../cdn").rglob("*") if path.is_file() and path.name != "lock"] == []
    assert "publishing would work" in doctored().out


def test_a_state_of_its_own_is_looked_at_too(doctored: Doctor) -> None:
    built('[publish]\ntarget = "file:../cdn"\nstate = "file:../missing/state"\n')
    ran = doctored("--json")
    by_part = {section["part"]: section for section in ran.document["sections"]}
    assert list(by_part) == ["local", "target", "state"]
    assert bad({one["name"]: one for one in by_part["target"]["findings"]}) == {}
    assert bad({one["name"]: one for one in by_part["state"]["findings"]}) == {"folder": "error"}
    assert "public" not in {one["name"] for one in by_part["state"]["findings"]}
    assert ran.code == 1


def test_ctrl_c_is_an_answer_and_leaves_nothing(doctored: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    built('[publish]\ntarget = "file:../cdn"\n')

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor_target, "probe_conditions", interrupt)
    ran = doctored()
    assert (ran.code, "stopped from the keyboard" in ran.err) == (130, True)
    assert [path for path in Path("../cdn").rglob("*") if path.is_file() and path.name != "lock"] == []


def test_a_wrong_configuration_is_a_finding(doctored: Doctor) -> None:
    Path("assetbuild.toml").write_text("zzzz = 1\n")
    Path("static").mkdir()
    code, found = doctored.found()
    assert (code, bad(found)) == (1, {"config": "error"})
    Path("assetbuild.toml").unlink()
    assert doctored.found()[0] == 1


PUBLISHED = PLAIN + '[publish]\ntarget = "file:../cdn"\n'


def damage_output() -> None:
    (file,) = Path("public/assets").glob("*.css")
    file.write_text("")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda: Path("static/app.css").write_text("a{b:d}"), {"up-to-date": "warning"}),
        (lambda: Path("public/assets/manifest.json").unlink(), {"output": "error"}),
        (lambda: Path("public/assets/manifest.json").write_text("{"), {"output": "error"}),
        (
            lambda: next(Path("public/assets").glob("*.css")).write_text(""),
            {"output": "error", "up-to-date": "warning"},
        ),
        (lambda: Path(".assetbuild/v1/state").unlink(), {}),
        (lambda: project(Path.cwd(), {}, PUBLISHED).build(dev=True), {"up-to-date": "warning"}),
    ],
    ids=["source", "no manifest", "broken manifest", "output", "no record", "dev"],
)
def test_the_build_on_disk_is_compared_cheaply(
    doctored: Doctor, change: Callable[[], object], expected: dict[str, str]
) -> None:
    built('[publish]\ntarget = "file:../cdn"\n')
    change()
    code, found = doctored.found()
    assert (bad(found), code) == (expected, int("error" in expected.values()))


def test_a_cache_that_cannot_be_written_is_a_warning(doctored: Doctor) -> None:
    project(Path.cwd(), {"app.css": "a{b:c}"}, PLAIN)
    Path(".assetbuild").write_text("")
    code, found = doctored.found()
    assert (code, found["cache"]["verdict"], found["output"]["verdict"]) == (0, "warning", "warning")


def test_the_extra_that_a_target_needs_is_named(doctored: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    built(f'[publish]\ntarget = "s3://{BUCKET}/x"\n')
    for name in ("boto3", "botocore", "assetbuild.build.s3", "assetbuild.build.s3_client"):
        monkeypatch.setitem(sys.modules, name, None)
    code, found = doctored.found()
    assert (code, bad(found)) == (1, {"boto3": "error", "target": "error"})
    assert found["boto3"]["causes"][0]["hint"] == "pip install -U 'assetbuild[s3]'"


def test_a_package_that_is_too_old_is_named(doctored: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    built()
    monkeypatch.setattr("assetbuild.build.doctor_local.metadata.version", lambda name: "0.1")
    code, found = doctored.found()
    assert (code, found["tree-sitter"]["verdict"], found["tree-sitter"]["found"]) == (1, "error", "0.1")


# --- real servers ----------------------------------------------------------------------------------------


@pytest.fixture
def at_server(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., str]]:
    """Builds a project whose target is at the server of a row; gives that server's URL."""
    import contextlib

    with contextlib.ExitStack() as stack:

        def at(name: str, *, bucket: str = BUCKET, url: str = "", more: str = "") -> str:
            world = stack.enter_context(world_of(name, request, monkeypatch, tmp_path))
            folder = world.target.rpartition("/")[2]
            lines = [f'target = "s3://{bucket}/{folder}"', f'endpoint_url = "{url or world.url}"']
            built("\n".join(["[publish]", *lines, 'region = "us-east-1"', more, ""]))
            stack.callback(lambda: _assert_empty(list(world.storage.list())))
            return world.url

        yield at


def _assert_empty(found: list[ObjectInfo]) -> None:
    assert found == []


@pytest.mark.parametrize("name", rows(*REMOTE))
def test_a_real_server_is_found_to_do_what_it_does(doctored: Doctor, at_server: Callable[..., str], name: str) -> None:
    url = at_server(name)
    code, found = doctored.found()
    assert (code, bad(found)) == (0, {"conditions": "note"} if name.startswith("rclone") else {})
    assert found["connection"]["found"] == url
    assert found["tls"]["verdict"] == ("ok" if name.endswith("tls") else "skipped")
    assert found["permissions"]["found"].startswith("s3:ListBucket")


@pytest.mark.parametrize("name", rows("seaweedfs-tls", "rclone-tls"))
def test_a_body_in_parts_reaches_a_real_server(doctored: Doctor, at_server: Callable[..., str], name: str) -> None:
    at_server(name)
    assert doctored.found("--parts")[1]["parts"]["verdict"] == "ok"


@pytest.mark.parametrize("name", rows(*REMOTE))
def test_a_wrong_secret_at_a_real_server_is_told(
    doctored: Doctor, at_server: Callable[..., str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    at_server(name)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong00000000000000000")
    code, found = doctored.found()
    assert (code, bad(found)) == (1, {"credentials": "error"})
    assert "AWS_SECRET_ACCESS_KEY" in found["credentials"]["causes"][0]["hint"]


@pytest.mark.parametrize("name", rows("seaweedfs-http"))
def test_without_credentials_nothing_is_said_of_a_server_that_was_not_asked(
    doctored: Doctor, at_server: Callable[..., str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    at_server(name)
    with monkeypatch.context() as patch:
        for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.delenv(variable)
        code, found = doctored.found()
    assert (code, bad(found)) == (1, {"credentials": "error"})
    assert found["connection"]["verdict"] == "skipped"


@pytest.mark.parametrize("name", rows(*REMOTE))
def test_a_missing_bucket_at_a_real_server_is_told(doctored: Doctor, at_server: Callable[..., str], name: str) -> None:
    at_server(name, bucket="no-such-bucket")
    code, found = doctored.found()
    assert (code, bad(found)) == (1, {"bucket": "error"})
    assert "make the bucket" in found["bucket"]["causes"][0]["hint"]


@pytest.mark.parametrize("name", rows("seaweedfs-tls"))
def test_who_may_only_read_is_told_what_is_missing(
    doctored: Doctor, at_server: Callable[..., str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    at_server(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", READ_ONLY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READ_ONLY[1])
    code, found = doctored.found()
    assert (code, bad(found)) == (1, {"writing": "error", "deleting": "error", "permissions": "error"})
    assert found["permissions"]["found"] == "missing: s3:DeleteObject, s3:PutObject"
    assert {found["writing"]["action"], found["deleting"]["action"]} == {"s3:PutObject", "s3:DeleteObject"}


@pytest.mark.parametrize("name", rows("seaweedfs-http"))
def test_a_clock_that_is_off_at_a_real_server_is_told(
    doctored: Doctor, at_server: Callable[..., str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    import datetime
    import time

    import botocore.auth

    def behind(remove_tzinfo: bool = True) -> datetime.datetime:
        now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=5)
        return now.replace(tzinfo=None) if remove_tzinfo else now

    at_server(name)
    real = time.time
    with monkeypatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", behind)
        patch.setattr("assetbuild.build.s3_errors.time.time", lambda: real() - 5 * 3600)
        code, found = doctored.found()
    assert (code, bad(found)) == (1, {"clock": "error"})
    assert abs(int(found["clock"]["found"].split()[3]) - 5 * 3600) < 60


@pytest.mark.parametrize("name", rows("seaweedfs-tls"))
def test_a_certificate_that_is_not_trusted_is_told(
    doctored: Doctor, at_server: Callable[..., str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    at_server(name)
    with monkeypatch.context() as patch:
        patch.delenv("AWS_CA_BUNDLE")
        code, found = doctored.found()
    assert (code, bad(found)) == (1, {"tls": "error"})
    assert "AWS_CA_BUNDLE" in found["tls"]["causes"][0]["hint"]


@pytest.mark.parametrize("name", rows("seaweedfs-http"))
def test_no_listener_is_told(doctored: Doctor, at_server: Callable[..., str], name: str) -> None:
    at_server(name, url=f"http://127.0.0.1:{free_ports(1)[0]}")
    code, found = doctored.found()
    assert (code, bad(found)) == (1, {"connection": "error"})


@pytest.mark.parametrize("name", rows("seaweedfs-http"))
def test_a_bucket_that_is_closed_to_the_public_is_told(
    doctored: Doctor, at_server: Callable[..., str], seaweedfs: Server, name: str
) -> None:
    at_server(name, more=f'public_url = "{seaweedfs.http}/{BUCKET}/elsewhere/"')
    code, found = doctored.found()
    assert (code, bad(found)) == (0, {"public": "warning"})
    assert found["public"]["found"] == "answers 403"
    assert "public_url = " in doctored().err
