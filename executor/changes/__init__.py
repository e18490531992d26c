"""Changes: read from files, run as calls, given a copy of their work directory."""
