"""Doing to the target what was rehearsed, and nothing else."""

from executor.promotion.lock import target_lock
from executor.promotion.promoter import Journal, Material, Promoter, Rehearsed

__all__ = ["Journal", "Material", "Promoter", "Rehearsed", "target_lock"]
