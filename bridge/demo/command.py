"""`wallet-bridge demo`: the whole way, watched, and counted on both sides."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.telemetry import logs

# What only a demo needs is imported when one is played: all other commands start sooner.
if TYPE_CHECKING:
    from bridge.demo.comparing import Outcome
    from bridge.demo.screen import Screen

EXAMPLES = """\
Examples:

  make demo                                    starts the servers first

  wallet-bridge demo --rate 500 --seconds 60   more play

  wallet-bridge demo --embedded                no servers, no kill: recorded changes into memory
"""
SEED = 20_260_101
INTERRUPTED = 130


def demo(
    rate: Annotated[float, typer.Option(min=1, max=2_000, help="Rows a second that the two wallets write.")] = 200,
    seconds: Annotated[float, typer.Option(min=2, max=3_600, help="How long they are played.")] = 45,
    seed: Annotated[int, typer.Option(help="Another number plays other rounds.")] = SEED,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Without any server: recorded changes into a memory sink.")
    ] = False,
    record: Annotated[Path | None, typer.Option(hidden=True, help="Keep the changes for --embedded.")] = None,
) -> None:
    """Play two brands' wallets, kill the bridge halfway, and show that every event and cent arrived."""
    from bridge.demo.screen import Screen  # noqa: PLC0415 - see above

    # What goes wrong on the way is told by the demo itself.
    logs.configure("error")
    screen = Screen()
    for number in (signal.SIGINT, signal.SIGTERM):
        # A background job of a shell is started with Ctrl-C ignored, and stays so.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        outcomes = _recorded(screen) if embedded else _live(screen, rate, seconds, seed, record)
    except KeyboardInterrupt:
        screen.say("interrupted; everything that the demo made has been taken away")
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(_verdict(screen, outcomes))


def _recorded(screen: Screen) -> list[Outcome]:
    from bridge.demo.embedded import play_recorded  # noqa: PLC0415 - see above

    return play_recorded(screen)


def _live(screen: Screen, rate: float, seconds: float, seed: int, record: Path | None) -> list[Outcome]:
    from bridge.demo.live import play_live  # noqa: PLC0415 - see above
    from bridge.demo.servers import servers  # noqa: PLC0415 - see above

    found = servers()
    if record is None:
        return play_live(found, screen, rate=rate, seconds=seconds, seed=seed)
    from bridge.demo.recording import Recorder  # noqa: PLC0415 - for the makers of the recording alone

    keep = Recorder(found.kafka, record)
    return play_live(found, screen, rate=rate, seconds=seconds, seed=seed, before_cleaning=keep)


def _verdict(screen: Screen, outcomes: Sequence[Outcome]) -> int:
    screen.tables(outcomes)
    differences = [sentence for outcome in outcomes for sentence in outcome.differences()]
    for sentence in differences:
        screen.say(f"DIFFERENT  {sentence}", "bold red")
    if differences:
        return 1
    events = sum(outcome.truth.events for outcome in outcomes)
    duplicates = sum(outcome.arrivals.duplicates for outcome in outcomes)
    screen.say(
        f"SAME  All {events} events arrived, to the cent, each player's in order; {duplicates} came twice"
        f"{', with the same body' if duplicates else ''}.",
        "bold green",
    )
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # A second one must not cut short what takes everything away again.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
