"""What a replica holds in the place of data that it was not given."""

from __future__ import annotations

from typing import Final

STAND_IN: Final = "executor-stand-in"
"""In every object, item, message, secret and parameter that only represents the target's.

It is spelled alike in JSON, XML, forms and addresses, so that it is found wherever it goes.
"""
