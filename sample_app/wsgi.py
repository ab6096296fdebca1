"""What gunicorn runs: the app behind WhiteNoise, which finds the `.br` and `.gz` twins.

It serves what was built, at /static/, and what was published, at /cdn/, as a CDN would from its own host.

Settings come from the environment (`ASSETS_BASE_URL`, `REDIS_URL`, `SECRET_KEY`; gunicorn itself reads `PORT` and
`WEB_CONCURRENCY`). Nothing is compiled here.
"""

from __future__ import annotations

import os

from whitenoise import WhiteNoise

from sample_app.app import OUTPUT, PUBLISHED, create_app

app = create_app(os.environ)
assets = app.extensions["assetbuild"]
application = WhiteNoise(
    app.wsgi_app,
    root=str(OUTPUT),
    prefix="static/",
    max_age=60,
    immutable_file_test=assets.immutable_file_test,
)
if PUBLISHED.is_dir():
    application.add_files(str(PUBLISHED), prefix="cdn/")
