"""What a change did: from two snapshots and a trace to effects."""

from executor.effects.differ import Differ, Semantics

__all__ = ["Differ", "Semantics"]
