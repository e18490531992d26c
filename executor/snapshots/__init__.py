"""Reading what is there: from the target, and from a sandbox before and after the change."""

from executor.snapshots.reader import SnapshotReader
from executor.snapshots.settling import SettledReader

__all__ = ["SettledReader", "SnapshotReader"]
