"""The build half: everything that compiles. Never imported by the run-time half."""
