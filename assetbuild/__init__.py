"""assetbuild: the build-stage asset pipeline for Python web apps (run-time half)."""
