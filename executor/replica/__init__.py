"""Building a replica of the target in a sandbox, by need."""

from executor.replica.copying import Copier
from executor.replica.hydrator import Hydrator, in_part
from executor.replica.rebuilding import Rebuilder
from executor.replica.seeder import AliasTable, Seeder

__all__ = ["AliasTable", "Copier", "Hydrator", "Rebuilder", "Seeder", "in_part"]
