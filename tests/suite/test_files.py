"""Files and streams of the user: whatever they are, there is a message, and nothing is lost."""

from __future__ import annotations

import contextlib
import io
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from contracts.cli import app, checking, config
from contracts.files import append_file, read_file, read_toml, require_writable, write_file, write_new_file
from contracts.model import ExitStatus, Result, UserError
from contracts.reports.files import FORMATS
from contracts.reports.summary import ReportOptions
from contracts.reports.terminal import console_for, render
from contracts.reports.view import view
from contracts.runs import run as run_module
from contracts.runs.exhaustive import ExhaustiveState, load_state
from tests.support.samples import HOSTILE, broken, of_every_outcome, result, verdict

ROOT = Path(app.__file__).parents[2]
URL = "http://127.0.0.1:9"
LONG = "a" * 5_000
BROKEN = result(verdict("SERVED"), broken("PAGE-COUNT"))


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("BIFROST_TOKEN", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Settings of the runs that were started; each ends with a broken MUST."""
    settings: list[Any] = []

    def check(given: Any, *, checkpoint: Callable[[ExhaustiveState], None], **_: object) -> Result:
        settings.append(given)
        if given.exhaustive:
            checkpoint(ExhaustiveState(limit=10, offset=20, total=100, pages=2))
        return BROKEN

    monkeypatch.setattr("contracts.runs.run.check", check)
    return settings


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        app.main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """No file of this process can grow beyond that size, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def full_meanwhile(checked: list[Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The disk is full once the run has begun."""
    check = run_module.check
    with contextlib.ExitStack() as limits:

        def filling(*given: Any, **more: Any) -> Result:
            limits.enter_context(no_file_above(500))
            return check(*given, **more)

        monkeypatch.setattr(run_module, "check", filling)
        yield
    assert len(checked) == 1


# --- files that are written -------------------------------------------------------------------------

MADE: dict[str, Callable[[Path], None]] = {
    "a directory": lambda path: path.mkdir(),
    "a FIFO": lambda path: os.mkfifo(path),
    "a link to a device": lambda path: path.symlink_to("/dev/null"),
    "a link to a directory": lambda path: path.symlink_to(path.parent),
    "a link to itself": lambda path: path.symlink_to(path),
}


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("write", [write_file, append_file])
def test_only_regular_files_are_written(tmp_path: Path, kind: str, write: Callable[..., None]) -> None:
    path = tmp_path / "out"
    MADE[kind](path)
    before = path.lstat()
    with pytest.raises(UserError, match=r"(is not a regular file|Cannot write .*symbolic links)"):
        write(path, b"new")
    with pytest.raises(UserError):
        require_writable(path)
    assert path.lstat() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("path", ["/dev/null", "/dev/full", "/proc/self/none", LONG, "a\0b", "none/file", ""])
def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path, path: str) -> None:
    for write in (require_writable, lambda path: write_file(path, b"x")):
        with pytest.raises(UserError):
            write(Path(path))
    assert list(tmp_path.iterdir()) == []
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    path, target = tmp_path / "link", tmp_path / "real"
    path.symlink_to(target)
    for content in (b"first", b"second"):
        write_file(path, content)
        assert (path.is_symlink(), target.read_bytes()) == (True, content)


def test_a_file_is_written_completely_or_not_at_all(tmp_path: Path) -> None:
    path, new = tmp_path / "out", tmp_path / "new"
    path.write_bytes(b"old")
    with no_file_above(100):
        with pytest.raises(UserError, match=r"Cannot write .*: File too large"):
            write_file(path, b"x" * 200)
        with pytest.raises(UserError, match=r"Cannot write .*: File too large"):
            write_new_file(new, b"x" * 200, 0o600)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("out", b"old")]


def test_an_interruption_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_file(tmp_path / "out", b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("option", ["--badge", "--record", "--har", "--report", "--resume"])
def test_output_options_are_refused_before_the_first_request(
    tmp_path: Path, kind: str, option: str, checked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    name = "report" if option == "--report" else "out"
    (tmp_path / "report").mkdir()
    made = tmp_path / "report" / "junit.xml" if option == "--report" else tmp_path / "out"
    MADE[kind](made)
    more = ["--exhaustive"] if option == "--resume" else []
    assert run("check", URL, option, name, *more) == ExitStatus.USAGE
    assert capsys.readouterr().err.startswith("Error: ")
    assert checked == []
    assert [path.name for path in made.parent.iterdir() if path.name.startswith(".")] == []


def test_a_full_disk_is_noticed_before_the_first_request(
    checked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with no_file_above(2_000):
        for option in (["--report", "dir"], ["--badge", "out"], ["--exhaustive", "--resume", "out"]):
            assert run("check", URL, *option) == ExitStatus.USAGE
            assert "File too large" in capsys.readouterr().err
    assert checked == []


@pytest.mark.usefixtures("full_meanwhile")
def test_a_report_that_cannot_be_written_in_the_end_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").mkdir()
    Path("out/report.json").write_text("old")
    assert run("check", URL, "--report", "out") == ExitStatus.USAGE
    printed = capsys.readouterr()
    assert "DOES NOT CONFORM" in printed.out
    assert "Error: Cannot write out/report.html: File too large." in printed.err
    assert [(path.name, path.read_text()) for path in Path("out").iterdir()] == [("report.json", "old")]


@pytest.mark.usefixtures("checked")
def test_files_are_written_before_anything_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object) -> None:
        assert sorted(path.name for path in Path("out").iterdir()) == sorted(FORMATS)
        raise KeyboardInterrupt

    monkeypatch.setattr(checking, "print_report", closed)
    assert run("check", URL, "--report", "out") == 130


# --- the checkpoint ---------------------------------------------------------------------------------

EXHAUSTIVE = ("check", URL, "--exhaustive", "--resume", "walk.json")


@pytest.mark.usefixtures("checked")
def test_the_checkpoint_is_saved_after_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    printing = checking.print_report
    monkeypatch.setattr(
        checking, "print_report", lambda *_: (seen.append(Path("walk.json").exists()), printing(*_))
    )
    assert run(*EXHAUSTIVE) == ExitStatus.FAILED
    assert seen == [False]
    assert load_state(Path("walk.json")).offset == 20


@pytest.mark.usefixtures("checked")
def test_the_checkpoint_is_saved_though_the_report_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise UserError("Cannot write: No space left on device.")

    monkeypatch.setattr(checking, "write_files", full)
    assert run(*EXHAUSTIVE) == ExitStatus.USAGE
    assert load_state(Path("walk.json")).offset == 20


@pytest.mark.usefixtures("full_meanwhile")
def test_a_checkpoint_that_cannot_be_saved_leaves_the_old_one(capsys: pytest.CaptureFixture[str]) -> None:
    Path("walk.json").write_text("old")
    assert run(*EXHAUSTIVE) == ExitStatus.USAGE
    assert [(path.name, path.read_text()) for path in Path().iterdir()] == [("walk.json", "old")]
    printed = capsys.readouterr()
    assert "DOES NOT CONFORM" in printed.out
    assert "Cannot write walk.json" in printed.err


@pytest.mark.parametrize("where", ["none/walk.json", "/dev/null", LONG])
def test_a_checkpoint_that_could_not_be_saved_is_refused_at_once(checked: list[Any], where: str) -> None:
    assert run("check", URL, "--exhaustive", "--resume", where) == ExitStatus.USAGE
    assert checked == []


@pytest.mark.parametrize(
    "text", ["[" * 5_000, "[" + "[]," * 100_000 + "[]]", "\0", '{"version": 1, "limit": 1e999}']
)
def test_a_checkpoint_that_is_none_is_refused(text: str) -> None:
    Path("walk.json").write_text(text)
    with pytest.raises(UserError, match="--resume"):
        load_state(Path("walk.json"))


# --- files that are read ----------------------------------------------------------------------------

INPUTS = {
    "an endless file": lambda: "/dev/zero",
    "a FIFO": lambda: os.mkfifo("fifo") or "fifo",
    "a directory": lambda: str(Path.cwd()),
    "a long path": lambda: LONG,
    "no file": lambda: "none",
    "a large file": lambda: os.truncate(os.open("sparse", os.O_CREAT | os.O_WRONLY), 2**31) or "sparse",
    "binary": lambda: Path("binary").write_bytes(bytes(range(256)) * 4) and "binary",
}
READERS = {
    "--token-file": ("check", URL, "--token-file"),
    "--headers-file": ("check", URL, "--headers-file"),
    "--ca": ("check", URL, "--ca"),
    "--client-cert": ("check", URL, "--client-cert"),
    "--client-key": ("check", URL, "--client-cert", __file__, "--client-key"),
    "--targets": ("check", "--targets"),
    "--waivers": ("check", URL, "--waivers"),
    "--document": ("check", URL, "--document"),
    "requirements": ("requirements", "--document"),
    "explain": ("explain", "SERVED", "--document"),
    "--key": ("certify", URL, "--vendor=v", "--product=p", "--version=1", "--out=b.zip", "--key"),
    "--public-key": ("verify", __file__, "--public-key"),
    "verify": ("verify",),
    "diff": ("diff", __file__),
}


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("reader", READERS)
def test_any_file_to_read_gets_a_message(
    reader: str, kind: str, checked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(*READERS[reader], INPUTS[kind]())
    printed = capsys.readouterr()
    if reader in ("--ca", "--client-cert", "--client-key") and kind == "binary":
        return  # TLS looks into these, and it has no connection here
    invalid = reader == "verify" and kind == "binary"
    assert status == (ExitStatus.INVALID if invalid else ExitStatus.USAGE)
    said = printed.out if invalid else printed.err
    assert said.startswith("INVALID  " if invalid else "Error: ")
    assert len(said.splitlines()) == 1
    assert len(said) < 700
    assert checked == []


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "some"
    path.write_bytes(b"12345")
    assert read_file(path, at_most=5) == b"12345"
    with pytest.raises(UserError, match="is larger than 4 bytes"):
        read_file(path, at_most=4)


TOML = {
    "5,000 nested arrays": "a = " + "[" * 5_000 + "]" * 5_000,
    "5,000 nested tables": "a = " + "{a = " * 5_000 + "1" + "}" * 5_000,
    "an integer of 5,000 digits": "seed = " + "9" * 5_000,
    "a key of 40,000 parts": "a" + ".a" * 40_000 + " = 1",
    "a section of 40,000 parts": "[a" + ".a" * 40_000 + "]",
    "no text": "a = '\x00'",
    "a key twice": "a = 1\na = 2",
}


@pytest.mark.parametrize("kind", TOML)
def test_toml_that_is_hard_to_read_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "some.toml"
    path.write_text(TOML[kind])
    with pytest.raises(UserError, match=r"some\.toml (is not valid TOML|is nested too deeply|has a line)"):
        read_toml(path)


@pytest.mark.parametrize(
    "text",
    [
        *TOML.values(), "seed = inf", "seed = nan", "seed = -1", "max_requests = 1e9", "deadline = inf",
        "[url]\na = 1", "url = 5", "url = [[]]", "[seed]", "[[only]]", "only = {}", "report = []", "open = 1",
        "level = 'MUST'", "ca = {a = 1}", "path = 1979-05-27", "'' = 1", "timeout = true", "rate = nan",
        'report = "a\\u0000b"',
    ],
)  # fmt: skip
@pytest.mark.parametrize("file", [config.FILE, "pyproject.toml"])
def test_any_configuration_that_makes_no_sense_gets_a_message(
    text: str, file: str, checked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    table = "" if file == config.FILE else "[tool.bifrost-contracts]\n"
    Path(file).write_text(table + text.replace("[url]", "[tool.bifrost-contracts.url]" if table else "[url]"))
    if table and text.startswith(("[seed]", "[[only]]", "[a")):
        return  # a table of another tool
    assert run("check", URL) == ExitStatus.USAGE
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert len(said.splitlines()) == 1
    assert checked == []


@pytest.mark.parametrize("text", ["tool = 5", "[tool]\nbifrost-contracts = 5", "tool = [[]]", "[[tool]]"])
def test_a_project_file_of_any_form_is_no_internal_error(text: str, checked: list[Any]) -> None:
    Path("pyproject.toml").write_text(text)
    status = run("check", URL)
    assert status == (ExitStatus.USAGE if "bifrost" in text else ExitStatus.FAILED)
    assert len(checked) == (status == ExitStatus.FAILED)


@pytest.mark.parametrize(
    "text",
    [
        "waiver = 5", "[waiver]", "waiver = [5]", "waiver = [[]]", "[[waiver]]\nid = 5",
        "[[waiver]]\nid = ['A']", "[[waiver]]\nid = {a = 1}", "[[waiver]]\nid = inf", *TOML.values(),
        "[[waiver]]\nid = 'PAGE-COUNT'\nreason = 'r'\nowner = 'o'\nexpires = 2030-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_any_file_of_waivers_gets_a_message(
    text: str, checked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("waivers.toml").write_text(text)
    assert run("check", URL, "--waivers", "waivers.toml") == ExitStatus.USAGE
    assert capsys.readouterr().err.startswith("Error: ")
    assert checked == []


@pytest.mark.parametrize(
    "text", ["[target]", "target = [[]]", "target = [1]", "[[target]]\nurl = []", "[[target]]\nurl = inf"]
)
def test_any_file_of_targets_gets_a_message(
    text: str, checked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("targets.toml").write_text(text)
    assert run("check", "--targets", "targets.toml") == ExitStatus.USAGE
    assert capsys.readouterr().err.startswith("Error: ")
    assert checked == []


ALIASES = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}]\n" for old, new in pairwise("abcdefghijklm")
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ALIASES, "has more than 200,000 values, those of its aliases included"),
        ("- 1\n" * 250_000, "more than 200,000 values"),
        ("[" * 5_000 + "]" * 5_000, "is no YAML: while increasing flow level"),
        ("a: " + "9" * 5_000, "no YAML"),
    ],
)  # fmt: skip
def test_any_document_gets_a_message(
    text: str, said: str, checked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("document.yaml").write_text(text)
    assert run("check", URL, "--document", "document.yaml") == ExitStatus.USAGE
    printed = capsys.readouterr().err
    assert printed.startswith("Error: ")
    assert said in printed
    assert checked == []


def test_a_working_directory_that_is_gone_gets_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert run("check", URL) == ExitStatus.USAGE
    assert run("init") == ExitStatus.USAGE
    assert "working directory cannot be read" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)


def test_a_key_is_made_whole_or_not_at_all() -> None:
    Path("some.pub").touch()
    assert run("keygen", "some") == ExitStatus.USAGE
    assert sorted(path.name for path in Path().iterdir()) == ["some.pub"]
    assert run("keygen", LONG) == ExitStatus.USAGE
    assert run("keygen", "/dev/null") == ExitStatus.USAGE


# --- terminals --------------------------------------------------------------------------------------

DEMO = "demo --fault count-is-total --only PAGE-COUNT --report out --badge badge.svg"
STREAMS = {
    "full": "{command} >/dev/full",
    "full, as JSON": "{command} --json >/dev/full",
    "both full": "{command} >/dev/full 2>/dev/full",
    "closed": "{command} >&-",
    "both closed": "{command} >&- 2>&-",
    "all closed": "{command} <&- >&- 2>&-",
    "head": "{command} --verbose | head -1",
    "no reader at all": "{command} --verbose | true",
    "ASCII": "PYTHONIOENCODING=ascii {command}",
    "C locale": "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 {command}",
    "no width": "COLUMNS=0 {command}",
}


@pytest.mark.parametrize("stream", STREAMS)
def test_a_terminal_changes_neither_status_nor_files(stream: str, tmp_path: Path) -> None:
    command = f"PYTHONPATH={ROOT} {sys.executable} -W error -m contracts {DEMO}"
    script = "set -o pipefail; " + STREAMS[stream].format(command=command)
    ran = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False
    )
    assert ran.returncode == ExitStatus.FAILED
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FORMATS)
    assert (tmp_path / "badge.svg").read_text().startswith("<svg")
    for words in ("Traceback", "Exception", "Error", "rror:"):
        assert words not in ran.stdout + ran.stderr


def test_a_full_terminal_changes_no_usage_error(tmp_path: Path) -> None:
    command = f"PYTHONPATH={ROOT} {sys.executable} -m contracts"
    for rest, status in (("check '' 2>/dev/full", 2), ("--help >/dev/full", 0), ("requirements >&-", 0)):
        ran = subprocess.run(
            ["bash", "-c", f"{command} {rest}"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (ran.returncode, ran.stdout, ran.stderr) == (status, "", "")


@pytest.mark.parametrize("columns", [*range(19), 10_000_000, "-1", "x", "²"])
def test_a_report_fits_any_width(columns: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = io.StringIO()
    render(view(of_every_outcome(HOSTILE), ReportOptions()), console_for(stream))
    assert "DOES NOT CONFORM" in stream.getvalue().splitlines()[-1]
