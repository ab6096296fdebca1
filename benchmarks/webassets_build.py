"""Run with the peers' interpreter: webassets joins and minifies the two bundles of workload S.

Takes the folder of the workload, and `again` to look first whether anything changed. Knows nothing of assetbuild: its
environment does not have it.
"""

# The peers' environment has webassets; that of the type checker may.
# mypy: disable-error-code="import-not-found,attr-defined,no-untyped-call"

import sys

from webassets import Bundle, Environment

STYLES = ("css/bootstrap.css", "css/leaflet.css", "css/select2.css", "css/fontawesome.css", "css/app.css")
SCRIPTS = (
    "js/jquery.js",
    "js/bootstrap.bundle.js",
    "js/htmx.js",
    "js/leaflet-src.js",
    "js/select2.full.js",
    "js/moment.js",
)

env = Environment(directory=sys.argv[1], url="/static", cache=False, manifest=False, auto_build=False)
env.register("css", Bundle(*STYLES, filters="cssrewrite,rcssmin", output="bundles/site.css"))
env.register("js", Bundle(*SCRIPTS, filters="rjsmin", output="bundles/site.js"))
for bundle in env:
    bundle.build(force="again" not in sys.argv)
