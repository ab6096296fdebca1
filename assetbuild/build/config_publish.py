"""The table `[publish]` of a configuration: checked values, and what is wrong with the others.

Opens no storage and sends nothing: whether a target can be reached is found out when something is published. Refuses
credentials, and never shows one: boto3 finds them where they belong.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from assetbuild.build.config_values import (
    glob_problem,
    printable,
    table,
    text_problem,
    unknown_word,
    wrong_type,
)
from assetbuild.build.model import Algorithm, Place, Problem
from assetbuild.build.publish_settings import Fields, PublishSettings
from assetbuild.build.toml_places import Document

KEYS = tuple(field.name for field in fields(PublishSettings))

_DEFAULT = PublishSettings()
_SECRETS = re.compile(r"(?i).*(?:secret|passw|token|credential|(?:access|account|api|private)_?key).*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}")
_RETENTION = re.compile(r"([0-9]{1,6}) ?([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_FIELDS = {"cache-control": "Cache-Control", "content-type": "Content-Type"}
_METADATA = "x-amz-meta-"
_MOST_WORKERS = 256
_TAKEN = frozenset({"manifest.json", ".assetbuild-storage"})
"""At every target the first, and in folders the second, where headers and digests are kept."""
_IN_STATE = 128
"""Bytes that keys may need below the state; those of the log have 118."""
_OTHER_ENCODINGS = {"brotli": "br", "gz": "gzip"}
_FOUND_BY_BOTO3 = (
    "take it out: boto3 finds credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in a `profile`, or in the "
    "role of the machine"
)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one key after the other; problems are appended."""

    document: Document
    problems: list[Problem]
    entries: Mapping[str, object]

    def place(self, *path: str) -> Place:
        return self.document.at_value("publish", *path)

    def wrong(self, key: str, text: str, hint: str, code: str = "config-value") -> None:
        self.problems.append(Problem(code, f"`publish.{key}` {text}", self.place(key), hint=hint))

    def text(self, key: str, example: str, check: Callable[[str], str] = lambda value: "") -> str:
        """A string; `check` says what else is wrong with it, in words that follow its name."""
        default = str(getattr(_DEFAULT, key))
        value = self.entries.get(key, default)
        hint = f'write {key} = "{example}"'
        if not isinstance(value, str):
            problem = wrong_type(f"publish.{key}", value, self.place(key), expected="a string", hint=hint)
            self.problems.append(problem)
            return default
        if key not in self.entries:
            return value
        if _has_credentials(value):
            text = f"the URL in `publish.{key}` holds credentials, which never stand in the configuration"
            self.problems.append(Problem("config-credentials", text, _hidden(self.place(key)), hint=_FOUND_BY_BOTO3))
            return default
        if reason := text_problem(value) or check(value):
            self.wrong(key, reason, hint)
            return default
        return value

    def number(self, key: str, *, least: int, most: int) -> int:
        default = getattr(_DEFAULT, key)
        value = self.entries.get(key, default)
        hint = f"write {key} = {default}"
        if isinstance(value, bool) or not isinstance(value, int):
            problem = wrong_type(f"publish.{key}", value, self.place(key), expected="an integer", hint=hint)
            self.problems.append(problem)
            return int(default)
        if not least <= value <= most:
            self.wrong(key, f"must be from {least} to {most}, not {value}", hint)
            return int(default)
        return value


def publish(document: Document, problems: list[Problem], *, compress: tuple[Algorithm, ...]) -> PublishSettings:
    """The settings; those that are wrong have their defaults. `compress` are the configured algorithms."""
    entries = table(document, problems, "publish", hint='write [publish] and below it target = "s3://bucket/folder"')
    problems += _unknown(document, entries)
    read = _Reader(document, problems, entries)
    base = Path(document.path).parent
    settings = PublishSettings(
        target=_absolute(base, read.text("target", "s3://bucket/folder")),
        endpoint_url=read.text("endpoint_url", "https://host", _web_address_problem),
        region=read.text("region", "eu-central-1"),
        profile=read.text("profile", "deploy"),
        state=_state(base, read.text("state", ".assetbuild", _state_problem)),
        environment=read.text("environment", "production", environment_problem),
        plain_names=read.text("plain_names", "production", environment_problem),
        public_url=read.text("public_url", "https://cdn.example.com/assets/", _web_address_problem),
        keep_releases=read.number("keep_releases", least=1, most=100_000),
        retention=_retention(read),
        workers=read.number("workers", least=1, most=_MOST_WORKERS),
        headers=_headers(read),
        encoding=_encoding(read, compress),
    )
    if settings.public_url and not settings.public_url.endswith("/"):
        settings = replace(settings, public_url=f"{settings.public_url}/")
    if entries and not problems and not settings.target:
        hint = 'add target = "s3://bucket/folder" or target = "file:///folder"'
        problems.append(Problem("config-value", "`[publish]` has no `target`", document.at_key("publish"), hint=hint))
    return settings


def environment_problem(value: str) -> str:
    """Why `value` is no name of an environment, in words that follow what it is; '' where it is one."""
    if _ENVIRONMENT.fullmatch(value):
        return ""
    return f'must be letters, digits, `.`, `_` and `-`, one of the first three kinds in front, not "{printable(value)}"'


def _unknown(document: Document, entries: Mapping[str, object]) -> list[Problem]:
    problems = []
    for key in entries:
        if key in KEYS:
            continue
        place = document.at_key("publish", key)
        if _SECRETS.fullmatch(key):
            text = f"`publish.{printable(key)}`: credentials never stand in the configuration"
            problems.append(Problem("config-credentials", text, _hidden(place), hint=_FOUND_BY_BOTO3))
        else:
            text = f"`[publish]` has no key `{printable(key)}`"
            problems.append(unknown_word("config-unknown-key", text, key, KEYS, place))
    return problems


def _hidden(place: Place) -> Place:
    """The place without its line, which a log of CI would keep."""
    return replace(place, source_line="")


# --- URLs and folders ------------------------------------------------------------------------------------


def _has_credentials(value: str) -> bool:
    if not _SCHEME.match(value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return "@" in value
    return parts.username is not None or parts.password is not None


def _absolute(base: Path, target: str) -> str:
    """`file:public/cdn` counts from the folder of the configuration, as all its paths do (RFC 8089 knows no such)."""
    scheme, colon, path = target.partition(":")
    if scheme.lower() != "file" or not colon or path.startswith("/") or not path:
        return target
    return Path(os.path.abspath(base / unquote(path))).as_uri()


def _web_address_problem(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
        is_one = is_one and (parts.port is None or parts.port > 0) and " " not in value
    except ValueError:
        is_one = False
    return "" if is_one else f'is no web address: "{printable(value)}"'


def _state_problem(value: str) -> str:
    if _SCHEME.match(value):
        return ""
    from assetbuild.build.storage import check_key  # only a configuration that says it needs it

    folder = value.removesuffix("/")
    if not _TAKEN.isdisjoint(folder.split("/")):
        return f'is the name of something else at a target: "{printable(value)}"'
    try:
        check_key(f"{folder}/{'x' * _IN_STATE}")
    except ValueError:
        return f'is neither a folder below the target nor a target of its own: "{printable(value)}"'
    return ""


def _state(base: Path, value: str) -> str:
    return _absolute(base, value) if _SCHEME.match(value) else f"{value.removesuffix('/')}/"


# --- the other values ------------------------------------------------------------------------------------


def _retention(read: _Reader) -> float:
    value = read.entries.get("retention", "7d")
    hint = 'write retention = "7d"; s, m, h, d and w are seconds, minutes, hours, days and weeks'
    if not isinstance(value, str):
        problem = wrong_type("publish.retention", value, read.place("retention"), expected="a string", hint=hint)
        read.problems.append(problem)
        return _DEFAULT.retention
    found = _RETENTION.fullmatch(value)
    if found is None:
        read.wrong("retention", f'is no time: "{printable(value)}"', hint)
        return _DEFAULT.retention
    return float(int(found[1]) * _SECONDS[found[2]])


def _encoding(read: _Reader, compress: tuple[Algorithm, ...]) -> str:
    value = read.entries.get("encoding", "")
    place = read.place("encoding")
    known = [Algorithm.BROTLI.value, Algorithm.GZIP.value]
    if not isinstance(value, str):
        hint = 'write encoding = "br", encoding = "gzip" or encoding = ""'
        read.problems.append(wrong_type("publish.encoding", value, place, expected="a string", hint=hint))
        return ""
    if value and value not in known:
        text = f'`publish.encoding` must be "", "br" or "gzip", not "{printable(value)}"'
        word = _OTHER_ENCODINGS.get(value.lower(), value)
        read.problems.append(unknown_word("config-value", text, word, known, place))
        return ""
    if value and value not in [algorithm.value for algorithm in compress]:
        read.wrong("encoding", f'is "{value}", which `compress` does not make', f'add "{value}" to `compress`')
        return ""
    return value


def _headers(read: _Reader) -> tuple[tuple[str, Fields], ...]:
    value = read.entries.get("headers", {})
    hint = 'write [publish.headers] and below it "**/*.pdf" = {Cache-Control = "no-cache"}'
    if not isinstance(value, dict):
        problem = wrong_type("publish.headers", value, read.place("headers"), expected="a table", hint=hint)
        read.problems.append(problem)
        return ()
    found = []
    for pattern, own in value.items():
        place = read.document.at_key("publish", "headers", pattern)
        wrong = glob_problem(pattern, place, where="in `[publish.headers]`", hint="correct the glob")
        if wrong is not None:
            read.problems.append(wrong)
        if not isinstance(own, dict):
            where, at = f'publish.headers."{printable(pattern)}"', read.place("headers", pattern)
            read.problems.append(wrong_type(where, own, at, expected="a table of header fields", hint=hint))
            continue
        found.append((pattern, tuple(_field(read, pattern, name, text) for name, text in own.items())))
    return tuple(found)


def _field(read: _Reader, pattern: str, name: str, value: object) -> tuple[str, str]:
    key, value_at = read.document.at_key("publish", "headers", pattern, name), read.place("headers", pattern, name)
    shown, low = printable(name), name.lower()
    if low == "content-encoding":
        text = "`Content-Encoding` is that of the bytes, and cannot be set by itself"
        hint = 'write encoding = "br" or encoding = "gzip" in [publish]'
        read.problems.append(Problem("config-header", text, key, hint=hint))
    elif low not in _FIELDS and not low.startswith(_METADATA):
        text = f"`{shown}` cannot be set: storages keep Cache-Control, Content-Type and x-amz-meta-*"
        known = (*_FIELDS.values(), f"{_METADATA}*")
        read.problems.append(unknown_word("config-header", text, name, known, key))
    elif not isinstance(value, str):
        hint = f'write {shown} = "..."'
        read.problems.append(wrong_type(f"{shown}", value, value_at, expected="a string", hint=hint))
    elif problem := _value_problem(low, value):
        read.problems.append(Problem("config-header", f"`{shown}`: {problem}", value_at, hint="correct it"))
    return name, str(value)


def _value_problem(name: str, value: str) -> str:
    """What servers would not keep as it is; `Headers` knows."""
    if not value:
        return "a value may not be empty"
    if name == "content-type" and not re.match(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:\s*;|$)", value):
        return f'"{printable(value)}" is no media type'
    from assetbuild.build.storage import SHA256_FIELD, Headers

    field = name.removeprefix(_METADATA)
    if field == SHA256_FIELD:
        return "the digest of the bytes is kept there"
    try:
        if name.startswith(_METADATA):
            Headers(metadata=((field, value),))
        else:
            Headers(cache_control=value)
    except ValueError as error:
        return str(error)
    return ""
