"""The pages of Port Merrow. `create_app` is the factory that wsgi.py, `flask --app sample_app.app` and the tests use.

Stateless: every page is a function of the request, the clock and the tide model; what the planner remembers stands in a
signed cookie, or in Redis. It knows no file of `static/`: what an asset is called and where it lives is the manifest's
business, read once through `assetbuild.flask`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, g, render_template, request, session

from assetbuild.flask import Assetbuild
from sample_app import tides
from sample_app.content import GALLERY, LEGEND, MARKS

HERE = Path(__file__).parent
OUTPUT = HERE / "public" / "assets"
MANIFEST = HERE / "public" / "manifest.json"
PUBLISHED = HERE / "public" / "cdn"
"""The target of `assetbuild publish`. A CDN would serve it; here wsgi.py does."""
SILL = 1.9
"""Height of the inner harbour's sill above chart datum, in metres."""
CLEARANCE = 0.3
"""Water to keep under the keel, in metres."""
DEEPEST = 4.0

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Plan:
    """The planner's form as it was sent, and what became of it."""

    draught: str
    day: str
    errors: Mapping[str, str]
    windows: tuple[tides.Window, ...] = ()
    least: float = 0.0


def utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Mapping[str, str] | None = None, *, clock: Clock = utc_now) -> Flask:
    """The app. Of `settings`, the environment's, it uses three.

    `ASSETS_BASE_URL` is where the assets are served. With `REDIS_URL` or `SECRET_KEY` the planner remembers the last
    draught: in Redis, or else in a cookie that the key signs.
    """
    settings = settings or {}
    base_url = settings.get("ASSETS_BASE_URL") or "/static/"
    # Flask's own static route serves the built files where no front server does, as under `flask run`.
    app = Flask(__name__, static_folder=str(OUTPUT), static_url_path="/static")
    app.config["ASSETBUILD_MANIFEST"] = str(MANIFEST)
    app.config["ASSETBUILD_ROOT"] = str(OUTPUT)
    app.config["ASSETBUILD_BASE_URL"] = base_url
    app.secret_key = settings.get("SECRET_KEY")
    if redis_url := settings.get("REDIS_URL"):
        from sample_app.sessions import RedisSessions

        app.session_interface = RedisSessions(redis_url)
    Assetbuild(app)
    _add_pages(app, clock)
    _add_headers(app, base_url)
    return app


def _add_pages(app: Flask, clock: Clock) -> None:
    @app.get("/")
    def home() -> str:
        now = clock()
        day = now.date()
        coming = tides.turns(now, now + timedelta(hours=14))
        return render_template(
            "home.html",
            now=now,
            height=tides.height(now),
            rising=tides.rate(now) > 0,
            next_high=next(turn for turn in coming if turn.high),
            next_low=next(turn for turn in coming if not turn.high),
            curve=tides.curve(day),
            turns=_turns_of(day),
        )

    @app.get("/tides")
    def table() -> str:
        first = _day_from(request.args.get("from", "")) or clock().date()
        days = [first + timedelta(days=i) for i in range(7)]
        return render_template(
            "tides.html",
            first=first,
            today=clock().date(),
            days=[(day, _turns_of(day)) for day in days],
            earlier=first - timedelta(days=7),
            later=first + timedelta(days=7),
        )

    @app.get("/plan")
    def plan() -> str:
        today = clock().date()
        found = _plan(request.args, today, remembered=session.get("draught", ""))
        if found.least and not app.session_interface.is_null_session(session):
            session["draught"] = found.draught
        return render_template("plan.html", plan=found, sill=SILL, clearance=CLEARANCE)

    @app.get("/gallery")
    def gallery() -> str:
        return render_template("gallery.html", pictures=GALLERY)

    @app.get("/legend")
    def legend() -> str:
        return render_template("legend.html", icons=LEGEND, marks=MARKS)

    @app.errorhandler(404)
    def not_found(error: Exception) -> tuple[str, int]:
        return render_template("404.html"), 404


def _add_headers(app: Flask, base_url: str) -> None:
    host = urlsplit(base_url)
    origin = f" {host.scheme}://{host.netloc}" if host.netloc else ""

    @app.before_request
    def make_nonce() -> None:
        g.nonce = secrets.token_urlsafe(16)

    @app.after_request
    def set_headers(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.headers["Cache-Control"] = "no-cache"
            response.headers["Content-Security-Policy"] = (
                f"default-src 'self'{origin}; img-src 'self' data:{origin}; object-src 'none'; base-uri 'none'; "
                f"script-src 'self' 'nonce-{g.nonce}'{origin}"
            )
            response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _turns_of(day: date) -> list[tides.Turn]:
    start = tides.midnight(day)
    return tides.turns(start, start + timedelta(days=1))


def _day_from(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _plan(form: Mapping[str, str], today: date, *, remembered: str) -> Plan:
    """Read and answer the planner's form. The script checks the same rules first; this is the check that counts."""
    if "draught" not in form:
        return Plan(draught=remembered, day=today.isoformat(), errors={})
    errors = {}
    draught = _metres(form["draught"])
    if draught is None or not 0 < draught <= DEEPEST:
        errors["draught"] = f"Enter the draught in metres, more than 0 and at most {DEEPEST:.1f}."
    day = _day_from(form.get("day", ""))
    if day is None:
        errors["day"] = "Choose a day."
    if errors or draught is None or day is None:
        return Plan(draught=form["draught"], day=form.get("day", ""), errors=errors)
    least = SILL + draught + CLEARANCE
    start = tides.midnight(day)
    found = tides.windows(start, start + timedelta(days=1), least=least)
    return Plan(form["draught"], day.isoformat(), {}, tuple(found), least)


def _metres(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None
