from pathlib import Path

import pytest

from executor.errors import PromotionRefused
from executor.model.report import TargetRef
from executor.promotion import target_lock


def target(name: str, account: str = "111122223333") -> TargetRef:
    return TargetRef(name=name, account=account, region="us-east-1")


def test_a_second_promotion_of_the_same_account_is_refused(tmp_path: Path) -> None:
    with target_lock(tmp_path, target("prod"), "run-1"):
        with pytest.raises(PromotionRefused) as refused:
            with target_lock(tmp_path, target("prod-by-another-name"), "run-2"):
                pass
    assert refused.value.reason == "locked"
    assert "run-1" in refused.value.message


def test_another_account_is_not_locked(tmp_path: Path) -> None:
    with target_lock(tmp_path, target("prod"), "run-1"):
        with target_lock(tmp_path, target("stage", "444455556666"), "run-2"):
            pass


def test_the_lock_is_free_again_afterwards(tmp_path: Path) -> None:
    for run in ("run-1", "run-2"):
        with target_lock(tmp_path, target("prod"), run):
            pass
