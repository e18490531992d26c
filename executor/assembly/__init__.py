"""The only place that names concrete classes: puts the stages together into an application."""

from executor.assembly.application import App, open_application

__all__ = ["App", "open_application"]
