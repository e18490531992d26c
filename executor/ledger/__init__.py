"""The ledger of dry runs, approvals and promotions, and the directories of the runs."""
