"""The `localstack` engine: one fresh container per sandbox."""

from sandboxes.localstack.engine import LocalStackEngine, LocalStackSandbox

__all__ = ["LocalStackEngine", "LocalStackSandbox"]
