"""The ledger of dry runs, approvals and promotions, and the directories of the runs."""

from executor.ledger.ledger import Entry, Kind, Ledger
from executor.ledger.store import RunStore, state_home

__all__ = ["Entry", "Kind", "Ledger", "RunStore", "state_home"]
