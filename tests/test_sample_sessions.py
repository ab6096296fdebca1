"""Sessions of the sample app in Redis: shared, expiring, and under ids that only the app chooses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, session
from flask.testing import FlaskClient
from redis import Redis

from sample_app.sessions import LIFETIME, PREFIX, RedisSessions
from tests.redis_server import redis_server


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture
def redis(url: str) -> Iterator[Redis]:
    with Redis.from_url(url, decode_responses=True) as found:
        found.flushdb()
        yield found


def client(url: str) -> FlaskClient:
    """A browser and an app of its own, as another worker has it."""
    app = Flask("page")
    app.session_interface = RedisSessions(url)

    @app.get("/set/<value>")
    def put(value: str) -> str:
        session["value"] = value
        return ""

    @app.get("/get")
    def get() -> str:
        return str(session.get("value", ""))

    @app.get("/clear")
    def clear() -> str:
        session.clear()
        return ""

    @app.get("/plain")
    def plain() -> str:
        return ""

    return app.test_client()


def cookie(browser: FlaskClient) -> str:
    found = browser.get_cookie("session")
    return found.value if found is not None else ""


def test_a_session_goes_on_in_another_process_and_the_cookie_holds_only_its_id(url: str, redis: Redis) -> None:
    first, second = client(url), client(url)
    answer = first.get("/set/1.4")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]
    assert answer.headers["Vary"] == "Cookie"
    (key,) = map(str, redis.scan_iter())
    assert key == PREFIX + cookie(first)
    assert json.loads(str(redis.get(key))) == {"value": "1.4"}
    second.set_cookie("session", cookie(first))
    assert second.get("/get").text == "1.4"
    assert cookie(second) == cookie(first)


def test_it_expires_a_lifetime_after_it_was_last_used(url: str, redis: Redis) -> None:
    browser = client(url)
    browser.get("/set/1")
    key = PREFIX + cookie(browser)
    assert 0 < int(str(redis.ttl(key))) <= LIFETIME.total_seconds()
    redis.expire(key, 30)
    assert browser.get("/get").text == "1"
    assert int(str(redis.ttl(key))) > 30
    redis.delete(key)
    assert browser.get("/get").text == ""


@pytest.mark.parametrize("sid", ["x" * 43, "", "x", "../../etc/passwd", "*" * 43, "é" * 43])
def test_an_id_that_the_app_did_not_give_is_never_taken_over(url: str, redis: Redis, sid: str) -> None:
    browser = client(url)
    browser.set_cookie("session", sid)
    assert browser.get("/get").text == ""
    browser.get("/set/1")
    assert cookie(browser) != sid
    assert [str(key) for key in redis.scan_iter()] == [PREFIX + cookie(browser)]


def test_what_is_not_used_is_not_stored_and_sets_no_cookie(url: str, redis: Redis) -> None:
    browser = client(url)
    for path in ("/plain", "/get", "/clear"):
        assert "Set-Cookie" not in browser.get(path).headers
    assert "Vary" not in browser.get("/plain").headers
    assert list(redis.scan_iter()) == []


def test_a_session_that_is_cleared_is_gone_on_both_sides(url: str, redis: Redis) -> None:
    browser = client(url)
    browser.get("/set/1")
    browser.get("/clear")
    assert cookie(browser) == ""
    assert list(redis.scan_iter()) == []


def test_without_a_redis_url_nothing_of_redis_is_imported(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys, sample_app.app; print([name for name in sys.modules if name.startswith('redis')])"
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root, timeout=60
    )
    assert done.stdout == "[]\n"
