"""The file of options: where it is found, what it may say, and what wins over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.cli import app as cli
from contracts.cli import config
from contracts.model import Result
from tests.support.samples import result, verdict

URL = "http://127.0.0.1:9"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """Settings of the runs that were started, in a directory of their own."""
    settings: list[Any] = []

    def check(given: Any, **_: object) -> Result:
        settings.append(given)
        return result(verdict("SERVED"))

    monkeypatch.setattr("contracts.runs.run.check", check)
    monkeypatch.chdir(tmp_path)
    for name in ("BIFROST_TOKEN", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    return settings


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_file_stands_for_options(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "secret-token-1234567")
    Path(config.FILE).write_text(
        f'url = "{URL}"\ntoken_env = "MY_TOKEN"\nmax-requests = 7\nopen = true\n'
        'only = ["SERVED", "PAGE-COUNT"]\n'
    )
    assert run("check") == 0
    [settings] = asked
    assert (settings.base_url, settings.bounds.max_requests, settings.open) == (URL, 7, True)
    assert settings.only == {"SERVED", "PAGE-COUNT"}
    assert settings.secrets.token == "secret-token-1234567"


def test_a_table_of_the_project_does_as_well_from_below(
    asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("pyproject.toml").write_text(f'[tool.bifrost-contracts]\nurl = "{URL}"\nreport = "out"\n')
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert run("check") == 0
    assert len(asked) == 1
    # Names of files are relative to the file.
    assert (tmp_path / "out" / "report.json").is_file()


def test_an_option_wins_over_the_environment_and_that_over_the_file(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(config.FILE).write_text(f'url = "{URL}"\nseed = 1\nmax_requests = 1\ndeadline = 1\n')
    monkeypatch.setenv("BIFROST_CONTRACTS_SEED", "2")
    monkeypatch.setenv("BIFROST_CONTRACTS_MAX_REQUESTS", "2")
    monkeypatch.setenv("BIFROST_CONTRACTS_URL", "http://127.0.0.1:8")
    assert run("check", "--seed", "3") == 0
    [settings] = asked
    assert (settings.seed, settings.bounds.max_requests, settings.bounds.deadline) == (3, 2, 1.0)
    assert settings.base_url == "http://127.0.0.1:8"
    assert run("check", URL) == 0
    assert asked[1].base_url == URL


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('urll = "x"', "There is no key 'urll'. Did you mean 'url'?"),
        ("max_request = 5", "Did you mean 'max_requests'?"),
        ("zzz = 5", "There is no key 'zzz'. Known keys are"),
        ('token = "sk-very-secret"', "A file never holds a secret: token_env names its variable."),
        ('open = "yes"', "open takes true or false"),
        ("path = true", "path takes a string."),
        ("path = {a = 1}", "path takes a string."),
        ("only = 5", "only takes a string or a list of strings."),
        ("only = [5]", "only takes a string or a list of strings."),
        ('max_requests = "many"', "max_requests takes a whole number from 1 to"),
        ("max_requests = 0", "max_requests takes a whole number from 1 to"),
        ("plan = true", "There is no key 'plan'"),
        ("[a\n", "is not valid TOML"),
        ('url = ""', "url is empty"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    asked: list[Any], capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    Path(config.FILE).write_text(text)
    assert run("check", *([] if text.startswith("url =") else [URL])) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert "very-secret" not in printed
    assert asked == []


def test_a_variable_that_is_empty_is_a_usage_error(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(config.FILE).write_text(f'url = "{URL}"')
    monkeypatch.setenv("BIFROST_CONTRACTS_URL", "")
    assert run("check") == 2
    assert "The variable BIFROST_CONTRACTS_URL is set, but empty." in capsys.readouterr().err
    assert asked == []


def test_help_needs_no_file(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    Path(config.FILE).write_text("nonsense")
    assert run("check", "--help") == 0
    assert "Usage:" in capsys.readouterr().out
    assert asked == []


def test_without_a_url_anywhere_it_is_a_usage_error(asked: list[Any]) -> None:
    assert run("check") == 2
    assert asked == []


def test_init_writes_a_file_that_check_takes(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init", "--url", URL) == 0
    assert config.FILE in capsys.readouterr().out
    assert run("check") == 0
    assert asked[0].base_url == URL
    assert run("init") == 2
    assert "already exists" in capsys.readouterr().err


def test_every_key_that_the_starter_offers_is_known(asked: list[Any]) -> None:
    offered = config.STARTER.format(url=f'"{URL}"', token="").replace("\n# ", "\n").split("\n\n", 1)[1]
    lines = [line for line in offered.splitlines() if " = " in line and not line[0].isupper()]
    Path(config.FILE).write_text("\n".join(lines))
    assert len(lines) > 6
    assert run("check") == 0
    assert asked[0].bounds.max_requests == 1000


def test_init_refuses_beside_a_table_of_the_project(
    asked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("pyproject.toml").write_text("[tool.bifrost-contracts]\n")
    assert run("init") == 2
    assert "already has a table [tool.bifrost-contracts]" in capsys.readouterr().err
    assert asked == []
