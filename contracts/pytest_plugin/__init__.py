"""The front end for pytest: options, one run per deployment, and what each outcome means to pytest.

`tests/test_contract.py` has one test for each requirement; the first that runs starts the one run that all
of them read. Without `--base-url` or `--targets` the embedded reference deployment is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from contracts.model import Level, Requirement, Result, UserError
from contracts.pytest_plugin import workers
from contracts.pytest_plugin.contract import Contract, guarded
from contracts.pytest_plugin.options import add_options, contracts, values
from contracts.pytest_plugin.session import INCONCLUSIVE, SessionHooks
from contracts.reports.text import visible

if TYPE_CHECKING:
    from contracts.runs.settings import Settings

__all__ = ["INCONCLUSIVE", "Contract", "cases", "contract", "contract_result", "contract_settings", "guarded"]

_CONTRACTS = pytest.StashKey[tuple[Contract, ...]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the contract."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)  # before pytest-base-url turns "not given" into an empty string
def pytest_configure(config: pytest.Config) -> None:
    """Refuse options that make no sense, and prepare the session."""
    for level in Level:
        config.addinivalue_line(
            "markers", f"{level.value.lower()}: a {level.value} requirement of the contract"
        )
    if _CONTRACTS in config.stash:
        return
    try:
        wanted = contracts(config)
    except UserError as error:
        raise pytest.UsageError(visible(str(error))) from None
    config.stash[_CONTRACTS] = wanted
    controller = workers.controller(config) if wanted[0].settings is not None else None
    if controller is not None:
        config.pluginmanager.register(controller, "bifrost-contract-controller")
    config.pluginmanager.register(SessionHooks(wanted, controller), "bifrost-contract-session")


@pytest.hookimpl(tryfirst=True)  # so that the name of the target is the first part of a test id
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """With `--targets`: each test of the contract for each target."""
    names = [one.name for one in metafunc.config.stash[_CONTRACTS] if one.name]
    if names and "contract" in metafunc.fixturenames:
        metafunc.parametrize("contract", names, ids=names, indirect=True, scope="session")


def cases() -> list[Any]:
    """The requirements as parameters of a test: id, and a mark for the level."""
    from contracts.judging.catalogue import load_catalogue

    return [
        pytest.param(found, id=found.id, marks=getattr(pytest.mark, found.level.value.lower()))
        for found in load_catalogue().requirements
    ]


@pytest.fixture(scope="session")
def contract(request: pytest.FixtureRequest) -> Contract:
    """The contract of one deployment: the target's, or the only one."""
    name = getattr(request, "param", "")
    found = next(one for one in request.config.stash[_CONTRACTS] if one.name == name)
    found.selected = _selected(request.session.items, name)
    return found


@pytest.fixture(scope="session")
def contract_settings(contract: Contract, pytestconfig: pytest.Config) -> Iterator[Settings]:
    """What to check and how; without a deployment, a reference deployment that serves while tests run."""
    if contract.settings is not None:
        yield contract.settings
        return
    from contracts import reference
    from contracts.runs.settings import settings
    from contracts.transport import Secrets

    with reference.serving(narrow_token="reference-narrow-token") as served:  # noqa: S106 - fake
        secrets = Secrets(served.token, narrow=served.narrow_token)
        yield settings(served.url, values(pytestconfig), secrets)


@pytest.fixture(scope="session")
def contract_result(
    contract: Contract, contract_settings: Settings, pytestconfig: pytest.Config
) -> Callable[[], Result]:
    """Gives the result of the deployment's one run, which the first call starts."""
    stopped = workers.stopped(pytestconfig)

    def once() -> Result:
        if contract.result is None:
            found = guarded(lambda: _run(contract, contract_settings, stopped))
            contract.result = contract.apply_waivers(found)
        return contract.result

    return once


def _run(contract: Contract, settings: Settings, stopped: Callable[[], bool]) -> Result:
    from contracts.runs import run

    def stop_if_told(_: run.Progress) -> None:
        if stopped():
            raise KeyboardInterrupt  # as if it had come to this process: the run keeps what it has

    settings = replace(settings, only=contract.selected)
    return run.check(settings, progress=stop_if_told, checkpoint=contract.keep)


def _selected(items: list[pytest.Item], name: str) -> frozenset[str]:
    """Ids of the requirements whose tests will run; empty where these are all that have a check."""
    from contracts.judging.catalogue import load_catalogue

    tested = load_catalogue().tested
    chosen = frozenset(one.id for item in items if (one := _requirement_of(item, name)) is not None) & tested
    return frozenset() if chosen == tested else chosen


def _requirement_of(item: pytest.Item, name: str) -> Requirement | None:
    """The requirement that a test is for; None for other tests, and those of other targets."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    found = parameters.get("requirement")
    mine = parameters.get("contract", "") == name
    return found if mine and isinstance(found, Requirement) else None
