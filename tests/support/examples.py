"""How many examples a property test tries: some on every run, very many with --hypothesis-profile=thorough."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import HealthCheck, settings

EVERYDAY, THOROUGH = "everyday", "thorough"


def register() -> None:
    """Make both profiles known, and take the everyday one until the command line names another."""
    # How long one example takes says more about the machine than about the code.
    own = settings(
        settings.get_profile("default"),
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    # Both draw anew at each run, in CI too: many days of few examples see what one day would not.
    settings.register_profile(EVERYDAY, own, max_examples=30)
    settings.register_profile(THOROUGH, own, max_examples=1000)
    settings.load_profile(EVERYDAY)


def examples(times: float, *, steps: int = 50, unchecked: Collection[HealthCheck] = ()) -> settings:
    """Return the settings for a test that wants `times` the examples of the profile that was chosen.

    `steps` bounds the steps of a state machine; `unchecked` are health checks that do not apply.
    """
    chosen = settings()
    return settings(
        chosen,
        max_examples=max(1, round(chosen.max_examples * times)),
        stateful_step_count=steps,
        suppress_health_check=[*chosen.suppress_health_check, *unchecked],
    )
