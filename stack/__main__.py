"""`python -m stack`: start, check and stop the real servers."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys

from stack import control, interrupts, packages
from stack.endpoints import exports
from stack.errors import StackError, Unavailable
from stack.progress import Progress

# sysexits: a service is unavailable here; something failed; ended by a signal.
UNAVAILABLE, FAILED, INTERRUPTED = 69, 1, 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = _parser().parse_args(arguments)
    interrupts.hear_first()
    try:
        return _run(given)
    except Unavailable as error:
        sys.stderr.write(f"{error}\n")
        return UNAVAILABLE
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start what does not run, and wait until all is well")
    up.add_argument("--with", dest="extra", choices=["registry"], help="also start the schema registry")
    down = commands.add_parser("down", help="stop everything")
    down.add_argument("--volumes", action="store_true", help="and remove its data")
    commands.add_parser("status", help="say of each server whether it is well; exit 1 when one is not")
    logs = commands.add_parser("logs", help="print the end of a server's log")
    logs.add_argument("name")
    commands.add_parser("env", help="print addresses, users and password files as shell exports")
    compose = commands.add_parser("compose", help="run docker compose on this project, with its passwords")
    compose.add_argument("arguments", nargs=argparse.REMAINDER, help="for example: up --build")
    run = commands.add_parser("run", help="run a command with the stack up; stop what was started for it")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="for example: -- wallet-bridge demo")
    commands.add_parser("compiler", help="install what compiles the bridge, where it is missing")
    commands.add_parser("perftest-classpath", help="fetch RabbitMQ's load generator and print its class path")
    return parser


def _run(given: argparse.Namespace) -> int:
    progress = Progress()
    match given.command:
        case "up":
            up = control.ensure_up(with_registry=given.extra == "registry", progress=progress)
            words = "the stack is up" if up.started else "the stack is already up, and all of it is well"
            progress.say(f"{words}; `python -m stack env` prints where")
        case "down":
            ran = control.down(volumes=given.volumes, progress=progress)
            progress.say("the stack is down" if ran else "nothing was running")
        case "status":
            return _status()
        case "logs":
            sys.stdout.write(control.server(given.name).tail() + "\n")
        case "env":
            for name, value in _exports().items():
                sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        case "compose":
            control.run_compose(given.arguments)
        case "run":
            return _run_with_stack(given.arguments, progress)
        case "compiler":
            packages.require(packages.COMPILER, progress, packages.TO_COMPILE)
        case "perftest-classpath":
            sys.stdout.write(f"{packages.jars('perftest', progress)}/*\n")
    return 0


def _run_with_stack(arguments: list[str], progress: Progress) -> int:
    """Run a command with the stack's addresses in its environment; return its exit code."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    up = control.ensure_up(progress=progress)
    process = None
    try:
        process = subprocess.Popen(command, env=os.environ | _exports())
        return _as_shell(process.wait())
    except KeyboardInterrupt:
        # The terminal has told the child too; it has its own cleaning up to do.
        return _as_shell(process.wait()) if process is not None else INTERRUPTED
    finally:
        interrupts.ignore()
        if process is not None and process.poll() is None:
            process.terminate()
            process.wait()
        if up.started:
            control.down(progress=progress)


def _as_shell(code: int) -> int:
    """Return the exit code that a shell makes of one; of a signal it is 128 and its number."""
    return code if code >= 0 else 128 - code


def _status() -> int:
    found = control.status()
    for name, missing in found.items():
        sys.stdout.write(f"{name:10} {missing or 'well'}\n")
    return FAILED if any(found.values()) else 0


def _exports() -> dict[str, str]:
    try:
        return exports()
    except FileNotFoundError:
        raise StackError("this stack has never been started; run `python -m stack up` first") from None


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
