"""How many examples a property tries: few in a developer's run ("daily"), all of them in CI ("ci")."""

import os
from typing import Any

from hypothesis import settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "daily")
# A case of an end-to-end test takes a second or two, and the next one half tells the same. Who names a file wants all.
ONLY_FIRST_CASES = PROFILE == "daily" and os.environ.get("CASES") != "all"


def number(daily: int, ci: int = 100) -> int:
    """The number that this run's profile asks for."""
    return ci if PROFILE == "ci" else daily


def examples(daily: int, ci: int = 100, **more: Any) -> settings:
    """Settings for one property; ci is never less than what shows that the property holds."""
    return settings(max_examples=number(daily, ci), **more)
