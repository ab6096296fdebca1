"""Run with the peers' interpreter: Flask-Static-Digest names the files of a static folder, without compressing.

Takes the folder, to which it also writes. Knows nothing of assetbuild: its environment does not have it.
"""

import sys

from flask_static_digest.digester import compile as digest  # type: ignore[import-not-found,unused-ignore]

digest(sys.argv[1], sys.argv[1], [], gzip_files=False, brotli_files=False)
