"""Sessions in Redis, for `REDIS_URL`: the cookie holds a random id, the server the values, until they expire.

Every worker and every machine that has the URL shares them; nothing of a session is kept in the process. An id that
Redis does not know is never taken over, so that nobody can choose the id of a visitor to come.
"""

from __future__ import annotations

import json
import secrets
from datetime import timedelta

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin
from redis import Redis

LIFETIME = timedelta(days=1)
"""How long a session lasts after the last request that used it."""
PREFIX = "port-merrow:session:"
_ID_BYTES = 32
_ID_LENGTH = len(secrets.token_urlsafe(_ID_BYTES))


class Session(SecureCookieSession):
    """A dictionary that knows whether it was changed; `sid` is '' until it is first stored."""

    sid: str = ""


class RedisSessions(SessionInterface):
    """`app.session_interface` of an app that is told `REDIS_URL`."""

    def __init__(self, url: str) -> None:
        # Connections are made when they are first needed, by each worker for itself.
        self.redis = Redis.from_url(url, decode_responses=True, socket_timeout=5, socket_connect_timeout=5)

    def open_session(self, app: Flask, request: Request) -> Session:
        sid = request.cookies.get(self.get_cookie_name(app), "")
        if len(sid) != _ID_LENGTH:
            return Session()
        text = self.redis.getex(PREFIX + sid, ex=LIFETIME)
        if not isinstance(text, str):
            return Session()
        session = Session(json.loads(text))
        session.sid = sid
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not isinstance(session, Session):
            return
        name, path = self.get_cookie_name(app), self.get_cookie_path(app)
        if session.accessed:
            response.vary.add("Cookie")
        if not session.modified:
            return
        if session:
            session.sid = session.sid or secrets.token_urlsafe(_ID_BYTES)
            self.redis.set(PREFIX + session.sid, json.dumps(dict(session)), ex=LIFETIME)
            secure = self.get_cookie_secure(app)
            response.set_cookie(name, session.sid, path=path, httponly=True, secure=secure, samesite="Lax")
        elif session.sid:
            self.redis.delete(PREFIX + session.sid)
            response.delete_cookie(name, path=path)
