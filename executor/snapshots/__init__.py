"""Reading what is there: from the target, from a sandbox before and after the change, and from
a file in which a snapshot was kept.
"""

from executor.snapshots.accounts import AccountsReader
from executor.snapshots.reader import SnapshotReader
from executor.snapshots.settling import SettledReader
from executor.snapshots.source import SavedSource

__all__ = ["AccountsReader", "SavedSource", "SettledReader", "SnapshotReader"]
