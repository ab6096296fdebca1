"""Run with the peers' interpreter: webassets minifies and names every style sheet and script of a folder, one by one.

Takes the folder and a folder to write to. webassets is for text only, so all other files are named and copied here.
Knows nothing of assetbuild: its environment does not have it.
"""

# The peers' environment has webassets; that of the type checker may.
# mypy: disable-error-code="import-not-found,attr-defined,no-untyped-call"

import hashlib
import os
import sys

from webassets import Bundle, Environment

FILTERS = {".css": "rcssmin", ".js": "rjsmin", ".mjs": "rjsmin"}
source, target = sys.argv[1:]
os.makedirs(target)
env = Environment(directory=target, url="/static", cache=False, manifest=False, auto_build=False)
env.append_path(source)
for folder, _, names in os.walk(source):
    for name in names:
        path = os.path.join(folder, name)
        stem, suffix = os.path.splitext(os.path.relpath(path, source))
        if suffix in FILTERS:
            bundle = Bundle(path, filters=FILTERS[suffix], output=f"{stem}-%(version)s{suffix}")
            env.add(bundle)
            bundle.build(force=True)
            continue
        with open(path, "rb") as stream:
            data = stream.read()
        copied = os.path.join(target, f"{stem}-{hashlib.sha256(data).hexdigest()[:16]}{suffix}")
        os.makedirs(os.path.dirname(copied), exist_ok=True)
        with open(copied, "wb") as stream:
            stream.write(data)
