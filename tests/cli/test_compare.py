"""compare-one-config, as a person or a script would call it."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from parity.cases.handful import HANDFUL
from parity.cli.compare import main
from parity.reproduce.load import read

DEFAULT = "b7-t5-f3-h6-c4-tanh-f64-s0"

WRONG = """
from parity import scratch

def run(case):
    trace = scratch.run(case)
    trace["grad/W_h"] = trace["grad/W_h"] / len(case.x)
    return trace

def raising(case):
    if case.config.batch > 3:
        raise KeyError("states")
    return scratch.run(case)

def large(case):
    trace = dict(scratch.run(case))
    if case.config.batch > 16:
        trace["grad/b"] = trace["grad/b"] * 16 / case.config.batch
    return trace

def noisy(case):
    print("look at me")
    return scratch.run(case)

def half(case):
    return {"hidden": scratch.run(case)["hidden"]}
"""


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)  # where failing cases are kept
    path = tmp_path / "wrong.py"
    path.write_text(WRONG)
    return str(path)


@dataclass(frozen=True)
class Failed:
    """The files that `compare-one-config --subject wrong.py --json verdict.json` left."""

    folder: Path  # the folder in which it was called
    subject: str
    out: str
    verdict: dict[str, Any]

    @property
    def kept(self) -> str:
        """The folder of the kept case, as the command printed it."""
        (found,) = KEPT.findall(self.out)
        return str(found)


KEPT = re.compile(r"^kept: (\S+), repeat with compare-one-config \1$", re.MULTILINE)


@pytest.fixture(scope="module")
def failed_once(tmp_path_factory: pytest.TempPathFactory) -> Failed:
    folder, out = tmp_path_factory.mktemp("failed"), io.StringIO()
    subject = folder / "wrong.py"
    subject.write_text(WRONG)
    with contextlib.chdir(folder), contextlib.redirect_stdout(out):
        assert main(["--subject", str(subject), "--json", "verdict.json"]) == 1
    verdict = json.loads((folder / "verdict.json").read_text())
    return Failed(folder, str(subject), out.getvalue(), verdict)


@pytest.fixture
def failed(failed_once: Failed, monkeypatch: pytest.MonkeyPatch) -> Failed:
    """One failure for several tests; each test runs where it was called, and changes nothing."""
    monkeypatch.chdir(failed_once.folder)
    return failed_once


def test_default_configuration_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    """Without an argument the default is compared, and the table says how strict that was."""
    assert main([]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{DEFAULT}: parity.scratch against PyTorch")
    assert "agrees with PyTorch in 24 of 24 comparisons" in out
    assert re.search(r"anything above \de-1\d of the largest grad/\w+ entry would not have", out)
    assert f"again: compare-one-config {DEFAULT}" in out


def others(out: str) -> dict[str, str]:
    """Return the lines about the handful's other configurations, by their ids."""
    lines = (line.partition(": ") for line in out.splitlines()[1:])
    ids = set(map(str, HANDFUL))
    return {name: said for name, _, said in lines if name in ids}


def test_a_handful_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a configuration, each further one of the handful has a line below the table."""
    assert main([]) == 0
    found = others(capsys.readouterr().out)
    assert list(found) == [str(config) for config in HANDFUL[1:]]
    assert all(said.startswith("agrees with PyTorch in") for said in found.values())


def test_one_configuration_is_compared_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """An id or a flag chooses one configuration, and no other is asked about."""
    assert main([DEFAULT]) == 0
    assert not others(capsys.readouterr().out)
    assert main(["--batch", "3"]) == 0
    assert not others(capsys.readouterr().out)


def test_the_first_that_differs_is_shown(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake that the ordinary configuration hides is shown where it is wrong, with its id."""
    assert main(["--subject", f"{wrong}:large", "--no-keep", "--json", "verdict.json"]) == 1
    out, shown = capsys.readouterr().out, str(HANDFUL[3])
    assert out.startswith(f"{shown}: {wrong}:large against PyTorch")
    assert f"again: compare-one-config {shown} --subject {wrong}:large" in out
    assert re.search(r"DIFFERS  grad/b at \[\d+\]: subject", out)
    known = [c for c in HANDFUL if c.cells == HANDFUL[0].cells and c.initial != "absent"]
    assert list(others(out)) == [str(config) for config in known if config != HANDFUL[3]]
    data = json.loads(Path("verdict.json").read_text())
    assert data["id"] == shown
    assert [other["passed"] for other in data["others"]] == [True] * (len(known) - 1)


def test_id_and_flags_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """A pasted id and the flags it stands for print the same verdict."""
    assert main(["b4-t2-f3-h5-c2-relu-f32-s3-layer"]) == 0
    by_id = capsys.readouterr().out
    flags = "--batch 4 --steps 2 --features 3 --hidden 5 --classes 2 --activation relu "
    flags += "--dtype float32 --seed 3 --kind layer"
    assert main(flags.split()) == 0
    assert capsys.readouterr().out == by_id


def test_flags_override_the_id(capsys: pytest.CaptureFixture[str]) -> None:
    """A flag changes its part of a pasted id."""
    assert main(["b4-t2", "--batch", "3", "--lr", "0.5"]) == 0
    assert capsys.readouterr().out.startswith("b3-t2-f3-h6-c4-tanh-f64-s0-lr0.5:")


def test_difference_is_shown(failed: Failed) -> None:
    """A wrong gradient exits with 1 and shows both numbers, the index and what was allowed."""
    out = failed.out
    assert re.search(r"DIFFERS  grad/W_h at \[\d, \d\]: subject .*, reference .*, allowed", out)
    assert "36 of 36 entries" in out
    assert f"again: compare-one-config {DEFAULT} --subject {failed.subject}" in out


def test_json_on_standard_output_is_json(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json -` prints data and nothing else, even when the subject prints."""
    assert main(["--json", "-", "--subject", f"{wrong}:noisy"]) == 0
    captured = capsys.readouterr()
    data = json.loads(captured.out)
    assert data["passed"] is True
    assert data["id"] == DEFAULT
    assert len(data["comparisons"]) == 24
    assert "look at me" in captured.err


def test_json_file_says_what_the_table_says(failed: Failed) -> None:
    """`--json FILE` keeps every number of a failing comparison."""
    wrong = {c["name"]: c for c in failed.verdict["comparisons"] if c["status"] == "DIFFERS"}
    assert wrong["grad/W_h"]["wrong"] == wrong["grad/W_h"]["size"] == 36
    assert wrong["grad/W_h"]["difference"] > wrong["grad/W_h"]["allowed"] > 0


def test_what_was_not_checked_is_said(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A subject that offers only hidden states agrees in these, and the report lists the rest."""
    assert main(["--subject", f"{wrong}:half"]) == 0
    out = capsys.readouterr().out
    assert "agrees with PyTorch in 5 of 5 comparisons" in out
    assert "not checked, since the subject offers none: logits, loss, grad/W_out" in out


def test_raising_subject_shows_its_own_traceback(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A subject that raises exits with 2, with the configuration and its own frames only."""
    assert main(["--subject", f"{wrong}:raising"]) == 2
    out = capsys.readouterr().out
    assert "RAISED  the subject raised KeyError: 'states'" in out
    assert 'raise KeyError("states")' in out
    assert "parity/execution" not in out
    assert main(["--subject", f"{wrong}:raising", "--batch", "2"]) == 0


def test_subject_that_says_it_cannot_is_taken_at_its_word(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A NotImplementedError is one line, without a traceback and without a search for a cause."""
    assert main(["--loss", "squared"]) == 2
    out = capsys.readouterr().out
    assert "NotImplementedError: scratch has the losses mean and sum, got squared" in out
    assert "Traceback" not in out
    assert "What is wrong" not in out


ERRORS = {
    "malformed id": (["b4-q7"], "unknown or misplaced part 'q7'"),
    "size below 1": (["--hidden", "0"], "hidden must be at least 1, got 0"),
    "size in words": (["--hidden", "six"], "argument --hidden: invalid int value: 'six'"),
    "unknown dtype": (["--dtype", "float8"], "invalid choice: 'float8'"),
    "unknown flag": (["--hiden", "6"], "unrecognized arguments: --hiden"),
    "no such file": (["--subject", "no.py"], "subject 'no.py': there is no such file"),
    "no such module": (["--subject", "nowhere"], "there is no such module"),
    "no run": (["--subject", "parity.model.config"], "parity.model.config has no 'run'"),
    "no epochs": (["--epochs", "0", "--data", "digits"], "epochs must be at least 1, got 0"),
    "epochs of nothing": (["--epochs", "2"], "add --data digits"),
    "no such kept case": (["./nowhere"], "'nowhere': must be a folder with case.json and case.npz"),
    "no kept case": (["/"], "'/case.json': cannot be read: No such file or directory"),
    "a long id": (["b" + "1" * 300], "entries, more than"),
    "more layers than fit": (["--layers", "300", "--hidden", "1000"], "entries, more than"),
    "a tower": (["--layers", "100000", "--hidden", "1"], "are 100000, more than 1000"),
    "no end": (["--updates", "2000"], "layers x directions x updates of"),
    "shrunk training": (["--epochs", "1", "--data", "digits", "--shrink"], "--shrink shows one"),
    "explained training": (
        ["--epochs", "1", "--data", "digits", "--explain"],
        "--explain shows one comparison, not a training run",
    ),
    "plot of nothing": (["--plot", "a.png"], "--plot draws the loss curves of a training run"),
    "digits of 5 steps": (["--data", "digits", "--steps", "5"], "steps must be 8 with data digits"),
    "no such folder": (["--json", "/nowhere/a.json"], "--json /nowhere/a.json: there is no folder"),
    "a folder": (["--json", "/"], "--json /: this is a folder, not a file"),
    "no time": (["--time-limit", "0"], "the time limit must be above 0 and at most 86400 seconds"),
    "time in words": (["--time-limit", "long"], "invalid float value: 'long'"),
    "no memory": (["--memory-limit", "10"], "the memory limit must be at least 256 MB, got 10"),
    "training with momentum": (
        ["--epochs", "1", "--data", "digits", "--momentum", "0.9"],
        "epochs take plain SGD steps, got options of the optimiser",
    ),
    "no picture": (
        ["--epochs", "1", "--data", "digits", "--plot", "a.txt"],
        "--plot a.txt: the name must end in .png, .pdf, .svg",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_bad_input_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nonsense exits with 2 and one line that names the value; it never shows a traceback."""
    try:
        status = main(arguments)
    except SystemExit as exited:
        status = int(str(exited.code))
    err = capsys.readouterr().err
    assert status == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.slow
def test_a_failing_case_is_kept_and_repeated(failed: Failed, tmp_path: Path) -> None:
    """A process of its own, in another folder, repeats it with its subject and the same bits."""
    assert failed.kept.startswith(f".parity/cases/{DEFAULT}.grad-W_h-DIFFERS.")
    program = "import sys; from parity.cli.compare import main; sys.exit(main(sys.argv[1:]))"
    folder = os.path.relpath(failed.folder / failed.kept, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", program, folder],
        capture_output=True,
        check=False,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 1, done.stderr
    said = "2 of 23 comparisons with PyTorch fail; the subject answers the same bits now"
    assert done.stdout.startswith(f"{DEFAULT}: {failed.subject} against PyTorch")
    assert said in done.stdout
    assert f"again: compare-one-config {folder} --subject {failed.subject}" in done.stdout
    assert "\nkept: " not in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_kept_case_is_for_another_subject_too(failed: Failed) -> None:
    """With --subject, another subject is asked about the kept numbers."""
    assert main([failed.kept, "--subject", "parity.scratch"]) == 0


def test_a_pass_is_not_kept(wrong: str) -> None:
    """A case is kept only if it fails, and only if the user wants that."""
    assert main(["--subject", f"{wrong}:half"]) == 0
    assert main(["--subject", f"{wrong}:raising", "--no-keep"]) == 2
    assert not Path(".parity").exists()


def test_a_folder_that_cannot_be_written_fails_nothing(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no case can be kept, one line says so beside the verdict."""
    Path(".parity").touch()
    assert main(["--subject", f"{wrong}:raising"]) == 2
    captured = capsys.readouterr()
    assert "RAISED  the subject raised KeyError: 'states'" in captured.out
    (line,) = captured.err.splitlines()
    assert line.startswith("compare-one-config: not kept: '.parity/cases/")


@pytest.mark.slow
def test_the_smallest_case_is_said_and_kept(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--shrink` names the smallest failing case by its id, and keeps it as well."""
    large, small = "b3-t2-f2-h2-c3-tanh-f64-s0", "b2-t1-f1-h1-c2-tanh-f64-s0"
    assert main([large, "--subject", wrong, "--shrink", "--json", "verdict.json"]) == 1
    out = capsys.readouterr().out
    assert re.search(rf"\nsmallest failing case: {small} \(\d+ tried", out)
    data = json.loads(Path("verdict.json").read_text())
    assert data["smallest"] == small
    assert [Path(folder).name.partition(".")[0] for folder in data["kept"]] == [large, small]
    assert str(read(Path(data["kept"][1])).case.config) == small


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags", [["--batch", "3"], ["--lr", "0.5"], ["--epochs", "2"]], ids=lambda flags: flags[0]
)
def test_a_kept_case_stays_as_it_is(
    flags: list[str], failed: Failed, capsys: pytest.CaptureFixture[str]
) -> None:
    """Options that would change a kept case are refused in one line."""
    assert main([failed.kept, *flags]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert f"{flags[0]} is not an option of a kept case" in line


def test_digits_are_real_data(capsys: pytest.CaptureFixture[str]) -> None:
    """`--data digits` takes the sizes of the digits by itself."""
    pytest.importorskip("sklearn")
    assert main(["--data", "digits"]) == 0
    assert capsys.readouterr().out.startswith("b7-t8-f8-h6-c10-tanh-f64-s0-digits:")


@pytest.mark.slow
def test_training_and_its_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--epochs` trains both sides, and `--plot` draws a picture of it."""
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    picture = tmp_path / "curves.png"
    flags = f"--data digits --batch 64 --epochs 1 --plot {picture}"
    assert main(flags.split()) == 0
    out = capsys.readouterr().out
    assert "held-out accuracy" in out
    assert "again: compare-one-config b64-t8-f8-h6-c10-tanh-f64-s0-digits --epochs 1" in out
    assert picture.read_bytes().startswith(b"\x89PNG")


def console_script(*arguments: str, **environment: str) -> Any:
    script = Path(sys.executable).with_name("compare-one-config")
    if not script.exists():
        pytest.skip("the project is not installed in this environment")
    return subprocess.run(
        [script, *arguments],
        capture_output=True,
        check=False,
        text=True,
        env=os.environ | environment,
    )


@pytest.mark.slow
def test_console_script_has_no_colour_in_a_pipe() -> None:
    """Output into a pipe has no escape sequences."""
    done = console_script("b2-t1")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout


def test_console_script_helps_without_torch() -> None:
    """`--help` lists every option of a configuration, and does not load PyTorch."""
    done = console_script("--help", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert "--weights" in done.stdout
    assert "| torch" not in done.stderr


def test_options_out_of_the_ordinary_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    """Flags of switches and names of several words are flags as others are."""
    flags = ["--layers", "2", "--bidirectional", "--class-weights", "drawn", "--updates", "2"]
    assert main([*flags, "--no-keep"]) == 0
    out = capsys.readouterr().out
    assert "again: compare-one-config b7-t5-f3-h6-c4-tanh-f64-s0-l2-bi-weighted-u2" in out
    assert "step2/W_x_l1_reverse" in out


def test_a_subject_is_asked_what_it_knows(
    wrong: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A subject that does not list layers is refused layers, in a line that says what to write."""
    assert main(["--layers", "2", "--subject", wrong]) == 2
    err = capsys.readouterr().err.strip()
    assert err.endswith(
        "does not list layers in OPTIONS, got 2: write OPTIONS = ['layers'] beside its run(case)"
    )
    assert len(err.splitlines()) == 1
    knowing = tmp_path / "knowing.py"
    knowing.write_text("from parity.scratch import run\nOPTIONS = ['layers']\n")
    assert main(["--layers", "2", "--no-keep", "--subject", str(knowing)]) == 0
    knowing.write_text("from parity.scratch import run\nOPTIONS = ['depth']\n")
    assert main(["--subject", str(knowing)]) == 2
    assert "has 'depth', which is not one of dtype, initial" in capsys.readouterr().err
