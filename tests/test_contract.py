"""What QA runs: one test for each requirement of the contract; the test's id is the requirement's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contracts.model import Requirement, Result
from contracts.pytest_plugin import Contract, cases


@pytest.mark.parametrize("requirement", cases())
def test_requirement(
    requirement: Requirement,
    contract: Contract,
    contract_result: Callable[[], Result],
    record_property: Callable[[str, object], None],
) -> None:
    contract.require(requirement, contract_result, record_property)
