"""Effects and intent to findings and a decision; one pure function per rule."""

from executor.judging.evidence import Evidence, Faithfulness, Verdict
from executor.judging.judge import RULES, Judge

__all__ = ["RULES", "Evidence", "Faithfulness", "Judge", "Verdict"]
