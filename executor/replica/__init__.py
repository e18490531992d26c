"""Building a replica of the target in a sandbox, by need."""

from executor.replica.hydrator import Hydrator
from executor.replica.seeder import AliasTable, Seeder

__all__ = ["AliasTable", "Hydrator", "Seeder"]
