"""The face for pytest: options, one run a session, and what each outcome means to pytest.

`tests/test_contract.py` has one test for each requirement; the first that runs starts the one run that all
of them read. Without `--base-url` the embedded reference deployment is judged, and the output says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from contracts.model import Level, Requirement, Result, UserError
from contracts.pytest_plugin import option_values as meaning
from contracts.pytest_plugin import workers
from contracts.pytest_plugin.contract import Contract, guarded
from contracts.pytest_plugin.options import add_options, values
from contracts.pytest_plugin.session import INCONCLUSIVE, Session
from contracts.reports.text import visible

if TYPE_CHECKING:
    from contracts.runs.run import Settings

__all__ = ["INCONCLUSIVE", "Contract", "cases", "contract", "contract_result", "contract_settings", "guarded"]

_CONTRACT = pytest.StashKey[Contract]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the contract."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)  # before pytest-base-url turns "not given" into an empty string
def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot be meant, and prepare the session."""
    for level in Level:
        config.addinivalue_line(
            "markers", f"{level.value.lower()}: a {level.value} requirement of the contract"
        )
    if _CONTRACT in config.stash:
        return
    try:
        contract = meaning.contract(config)
    except UserError as error:
        raise pytest.UsageError(visible(str(error))) from None
    config.stash[_CONTRACT] = contract
    config.pluginmanager.register(Session(contract), "bifrost-contract-session")
    if contract.settings is not None and workers.has_workers(config):
        config.pluginmanager.register(_controller(contract), "bifrost-contract-controller")


def _controller(contract: Contract) -> workers.Controller:
    from contracts.judging.catalogue import load_catalogue

    def ask(ids: frozenset[str]) -> Result:
        assert contract.settings is not None  # noqa: S101 - only then there is a controller
        contract.result = contract.waived(_run(replace(contract.settings, only=ids)))
        return contract.result

    return workers.Controller(load_catalogue().tested, ask)


def cases() -> list[Any]:
    """The requirements as parameters of a test: id, and a mark for the level."""
    from contracts.judging.catalogue import load_catalogue

    return [
        pytest.param(found, id=found.id, marks=getattr(pytest.mark, found.level.value.lower()))
        for found in load_catalogue().requirements
    ]


@pytest.fixture(scope="session")
def contract(request: pytest.FixtureRequest) -> Contract:
    """The contract as this session judges it."""
    judging = request.config.stash[_CONTRACT]
    judging.selected = _selected(request.session.items)
    return judging


@pytest.fixture(scope="session")
def contract_settings(request: pytest.FixtureRequest) -> Iterator[Settings]:
    """What to judge and how: the deployment at `--base-url`, else a reference deployment while tests run."""
    judging = request.config.stash[_CONTRACT]
    if judging.settings is not None:
        yield judging.settings
        return
    from contracts import reference
    from contracts.transport import Secrets

    with reference.serving(narrow_token="reference-narrow-token") as served:  # noqa: S106 - fake
        secrets = Secrets(served.token, narrow=served.narrow_token)
        yield replace(meaning.settings(served.url, values(request.config)), secrets=secrets)


@pytest.fixture(scope="session")
def contract_result(
    contract: Contract, contract_settings: Settings, pytestconfig: pytest.Config
) -> Callable[[], Result]:
    """Gives the result of the session's one run, which the first call starts."""

    def once() -> Result:
        if contract.result is None:
            received = workers.received(pytestconfig)
            contract.result = received or contract.waived(
                _run(replace(contract_settings, only=contract.selected))
            )
        return contract.result

    return once


def _run(settings: Settings) -> Result:
    from contracts.runs import run

    return guarded(lambda: run.check(settings))


def _selected(items: list[pytest.Item]) -> frozenset[str]:
    """Ids of the requirements whose tests will run; empty where these are all that have a check."""
    from contracts.judging.catalogue import load_catalogue

    tested = load_catalogue().tested
    chosen = frozenset(one.id for item in items if (one := _requirement_of(item)) is not None) & tested
    return frozenset() if chosen == tested else chosen


def _requirement_of(item: pytest.Item) -> Requirement | None:
    """The requirement that a test is for; None for other tests."""
    callspec = getattr(item, "callspec", None)
    found = None if callspec is None else callspec.params.get("requirement")
    return found if isinstance(found, Requirement) else None
