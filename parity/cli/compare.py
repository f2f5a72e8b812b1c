"""compare-one-config: one configuration, the subject against PyTorch, as a table or as JSON.

Exit status: 0 agrees, 1 differs, 2 could not compare.
"""

import argparse
import contextlib
import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from parity.cases.draw import draw
from parity.cases.handful import HANDFUL
from parity.cli.several import beside, judge_several
from parity.diagnosis.diagnose import diagnose, is_explicable
from parity.execution.ask import unlimited
from parity.execution.limits import MEMORY_LIMIT, TIME_LIMIT, Limits
from parity.execution.process import Process
from parity.judging.coverage import covered
from parity.judging.training import Training, train
from parity.model.case import Case, check_size
from parity.model.config import OPTIONS, Config
from parity.model.errors import ConfigError, ParityError
from parity.model.spelling import with_dashes
from parity.model.verdict import Verdict
from parity.reference.frameworks import framework
from parity.report import json_output, plots, terminal
from parity.reproduce.follow_up import follow, is_failure
from parity.reproduce.load import KeptCase, as_then, is_folder, read
from parity.subjects.precheck import precheck
from parity.subjects.subject import DEFAULT, Subject

AGREES, DIFFERS, COULD_NOT_COMPARE = 0, 1, 2

PICTURES = (".png", ".pdf", ".svg")
"""The formats that --plot can write."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `compare-one-config` and return its exit status."""
    arguments = _parser().parse_args(with_dashes(sys.argv[1:] if argv is None else argv))
    try:
        config = _config(arguments)
        check_size(config)  # these two errors cost no PyTorch
        precheck(arguments.subject)
        with contextlib.redirect_stdout(sys.stderr):  # a subject that prints must not mix with JSON
            answer = _train(config, arguments) if arguments.epochs else _compare(config, arguments)
        return answer()
    except ParityError as error:
        print(f"compare-one-config: {error}", file=sys.stderr)
        return COULD_NOT_COMPARE


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose error message is one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(COULD_NOT_COMPARE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="compare-one-config",
        allow_abbrev=False,
        description="Compare a recurrent network with PyTorch's nn.RNN in one configuration: "
        "hidden states, logits, loss, every gradient, one SGD step.",
        epilog="exit status: 0 agrees, 1 differs, 2 could not compare",
    )
    parser.add_argument(
        "id",
        nargs="?",
        default="",
        help=f"a configuration, as a failing test prints it: {Config()}; or the folder of a kept "
        "case, which is repeated from its arrays",
    )
    sizes = parser.add_argument_group("configuration", "each overrides its part of the id")
    for field in dataclasses.fields(Config):
        text = f"{field.metadata['help']} (default: {field.default})"
        flag = f"--{field.name.replace('_', '-')}"
        sizes.add_argument(flag, help=text, **OPTIONS[field.name].flag())
    parser.add_argument(
        "--subject",
        metavar="SUBJECT",
        help="the subject: module, file.py or file.ipynb, each also with :name; a function "
        "run(case), or a class or functions, which are adapted (default: parity.scratch, or the "
        "subject of the kept case)",
    )
    parser.add_argument(
        "--run-all",
        action="store_true",
        help="execute every statement of the subject's file, not only definitions",
    )
    parser.add_argument(
        "--time-limit",
        type=float,
        default=TIME_LIMIT,
        metavar="SECONDS",
        help=f"how long the subject may take for one configuration (default: {TIME_LIMIT:g})",
    )
    parser.add_argument(
        "--memory-limit",
        type=int,
        default=MEMORY_LIMIT,
        metavar="MB",
        help=f"how much memory the subject's process may fill (default: {MEMORY_LIMIT})",
    )
    parser.add_argument(
        "--in-process",
        action="store_true",
        help="run the subject in this process, without limits: for a debugger",
    )
    parser.add_argument(
        "--exact",
        action="store_true",
        help="show how far both sides are from the exact value, in ulp of the largest entry",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="when the subject differs, show how far every known mistake explains its numbers",
    )
    parser.add_argument(
        "--shrink",
        action="store_true",
        help="when the subject differs, look for the smallest configuration with the same mistake",
    )
    parser.add_argument(
        "--no-keep",
        action="store_true",
        help="do not keep a failing case in the folder .parity",
    )
    parser.add_argument(
        "--epochs", type=int, metavar="N", help="train both sides side by side: needs --data digits"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the loss curves")
    parser.add_argument(
        "--json", metavar="FILE", help="write the verdict as JSON; - is standard output"
    )
    return parser


def _config(arguments: argparse.Namespace) -> Config:
    given = {name: getattr(arguments, name) for name in OPTIONS}
    changes = {name: value for name, value in given.items() if value is not None}
    if arguments.epochs is not None and arguments.epochs < 1:
        raise ConfigError(f"epochs must be at least 1, got {arguments.epochs}")
    if arguments.plot is not None and arguments.epochs is None:
        raise ConfigError("--plot draws the loss curves of a training run: add --epochs N")
    shown = [flag for flag in ("exact", "explain", "shrink") if getattr(arguments, flag)]
    if arguments.epochs is not None and shown:
        flag = f"--{shown[0]}"
        raise ConfigError(f"{flag} shows one comparison, not a training run: leave out --epochs")
    _check_target("--json", None if arguments.json in (None, "-") else Path(arguments.json))
    _check_target("--plot", arguments.plot, PICTURES)
    if arguments.subject == "":
        raise ConfigError("--subject must name a module or a file, got ''")
    arguments.chosen = bool(arguments.id or changes)
    kept = _kept(arguments, [*changes, *(["epochs"] if arguments.epochs else [])])
    arguments.kept = kept
    if kept is not None:
        arguments.subject = arguments.subject or kept.subject
        return kept.case.config
    arguments.subject = arguments.subject or DEFAULT
    config = Config.parse(arguments.id) if arguments.id else Config()
    arguments.given = _given(arguments.id, changes)
    return config.replace(**changes)


def _given(text: str, changes: Mapping[str, Any]) -> list[str]:
    """Return the options that the command names; a subject must support their values."""
    parsed, default = Config.parse(text) if text else Config(), Config()
    in_id = [name for name in OPTIONS if getattr(parsed, name) != getattr(default, name)]
    return [*in_id, *changes]


def _kept(arguments: argparse.Namespace, changes: Sequence[str]) -> KeptCase | None:
    """Return the case in the folder that was given, if one was."""
    if not arguments.id or not is_folder(arguments.id):
        return None
    if changes:
        raise ConfigError(f"--{changes[0]} is not an option of a kept case, which stays as it is")
    return read(Path(arguments.id))


def _check_target(flag: str, target: Path | None, endings: Sequence[str] = ()) -> None:
    """Refuse a file that cannot be written before the work is done, not after it."""
    if target is None:
        return
    if not target.parent.is_dir():
        raise ParityError(f"{flag} {target}: there is no folder {str(target.parent)!r}")
    if target.is_dir():
        raise ParityError(f"{flag} {target}: this is a folder, not a file")
    if endings and target.suffix not in endings:
        raise ParityError(f"{flag} {target}: the name must end in {', '.join(endings)}")


def _compare(config: Config, arguments: argparse.Namespace) -> Callable[[], int]:
    """Compare, and return a function that prints the verdict and gives the exit status."""
    kept: KeptCase | None = arguments.kept
    with _asked(arguments) as loaded:
        reference = framework()  # takes a second, in which the subject is loaded too
        subject = loaded()
        cases = tuple(_cases(subject, config, arguments))
        subject, verdict, others = judge_several(subject, cases, reference, exact=arguments.exact)
        case = next(case for case in cases if case.config == verdict.config)
        if kept is not None:
            verdict = dataclasses.replace(verdict, kept=arguments.id)
        differs = is_failure(verdict) and is_explicable(verdict)
        why = diagnose(subject, case.config, reference) if differs else None
        after = follow(
            subject,
            case,
            verdict,
            reference,
            keeping=not arguments.no_keep,
            shrinking=arguments.shrink,
            why=why,
        )
        verdict = covered(verdict, subject)
        then = as_then(kept, subject, reference) if kept is not None else ()

    def answer() -> int:
        if arguments.json != "-":
            terminal.print_verdict(verdict, exact=arguments.exact)
        if arguments.json != "-" and why is not None and (why.probes or why.causes):
            terminal.print_diagnosis(why, explain=arguments.explain)
        if arguments.json != "-":
            terminal.print_lines((*then, *after.lines))
            terminal.print_lines(beside(verdict, others))
            terminal.print_assumed(subject, binding=not verdict.not_understood)
        for problem in after.problems:
            print(f"compare-one-config: {problem}", file=sys.stderr)
        _write(
            arguments.json,
            json_output.verdict_data(verdict)
            | json_output.others_data(others)
            | json_output.diagnosis_data(why)
            | after.data()
            | json_output.subject_data(subject),
        )
        return _status(verdict)

    return answer


def _cases(subject: Subject, config: Config, arguments: argparse.Namespace) -> Iterator[Case]:
    """Yield what is asked: the kept case, the configuration that was given, or the handful."""
    if arguments.kept is not None:
        yield arguments.kept.case
        return
    if arguments.chosen:
        yield draw(subject.asked(config, arguments.given))
        return
    yield from map(draw, subject.askable(HANDFUL, arguments.given))


def _train(config: Config, arguments: argparse.Namespace) -> Callable[[], int]:
    """Train both sides, and return a function that prints the verdict and gives the exit status."""
    with _asked(arguments) as loaded:
        reference = framework()
        subject = loaded()
        config = subject.asked(config, arguments.given)
        with terminal.progress() as tick:
            training: Training = train(subject, config, reference, arguments.epochs, tick)
    if arguments.plot is not None:
        plots.plot_training(training, arguments.plot)

    def answer() -> int:
        if arguments.json != "-":
            terminal.print_training(training)
            terminal.print_assumed(subject)
        _write(arguments.json, json_output.training_data(training))
        return _status(training.verdict)

    return answer


@contextlib.contextmanager
def _asked(arguments: argparse.Namespace) -> Iterator[Callable[[], Subject]]:
    """Start the subject's process, if it gets one; yield a function that waits for it."""
    limits = Limits(seconds=arguments.time_limit, megabytes=arguments.memory_limit)
    if arguments.in_process:
        subject = unlimited(arguments.subject, run_all=arguments.run_all)
        yield lambda: subject
        return
    options = {"run_all": True} if arguments.run_all else {}
    with Process(arguments.subject, limits=limits, options=options) as process:
        yield process.subject


def _write(path: str | None, content: dict[str, Any]) -> None:

    if path == "-":
        sys.stdout.write(json_output.to_json(content))
    elif path is not None:
        try:
            Path(path).write_text(json_output.to_json(content), encoding="utf-8")
        except OSError as error:
            raise ParityError(f"cannot write JSON to {path!r}: {error.strerror}") from error


def _status(verdict: Verdict) -> int:
    if verdict.passed:
        return AGREES
    return DIFFERS if verdict.comparable else COULD_NOT_COMPARE


if __name__ == "__main__":
    sys.exit(main())
