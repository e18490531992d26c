"""AWS's models as botocore ships them, read once and quickly."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.loaders import Loader


@cache
def shared_loader() -> Loader:
    """Return the one loader of AWS's models; reading S3's twice takes a tenth of a second.

    Each taker of a model gets the request paths for itself: botocore's S3 client takes the
    bucket out of a path in the very model it was given, when it first makes a call, and who
    reads the same model after it would find no bucket in it.
    """
    from botocore.loaders import JSONFileLoader, Loader

    class PlainFiles(JSONFileLoader):
        """Reads objects as dicts, which keep their order as well, in half the time."""

        def _load_file(self, full_path: str, open_method: Callable[..., Any]) -> object:
            if not os.path.isfile(full_path):  # noqa: PTH113 - asked thousands of times
                return None
            with open_method(full_path, "rb") as file:
                return json.loads(file.read())

    class Copying(Loader):
        """Gives copies, and does not look into every service's directory to find one."""

        def list_available_services(self, type_name: str) -> list[str]:
            # Whoever finds no file of the type in a service's directory says so itself.
            names: set[str] = set()
            for path in self.search_paths:
                if os.path.isdir(path):  # noqa: PTH112 - botocore's paths are strings
                    with os.scandir(path) as entries:
                        names.update(entry.name for entry in entries if entry.is_dir())
            return sorted(names)

        def load_service_model(
            self, service_name: str, type_name: str, api_version: str | None = None
        ) -> Mapping[str, Any]:
            model: Mapping[str, Any] = super().load_service_model(
                service_name, type_name, api_version
            )
            if "operations" not in model:
                return model
            operations = {
                name: {**operation, "http": dict(operation.get("http", {}))}
                for name, operation in model["operations"].items()
            }
            return {**model, "operations": operations}

    return Copying(file_loader=PlainFiles())
