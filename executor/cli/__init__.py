"""The command line: `dry-run` and `executor`."""
