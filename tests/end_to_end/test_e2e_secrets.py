"""Whatever happens, no log line holds a secret."""

import re
from collections.abc import Callable

from tests.end_to_end.house import ANNA, GROUP, KEY, TOKEN, Program, Standins


def test_no_log_line_holds_the_token_the_key_or_a_password(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    program = start_bot(LOG_LEVEL="DEBUG")
    question = standins.asks(ANNA, "/add_employee 243 John Smith", GROUP)
    standins.presses(ANNA, question, "Create")
    secret = standins.wait_for(lambda: next((m for m in standins.from_bot(ANNA) if "Password" in m.text), None))
    password = secret.last_code()
    standins.asks(ANNA, "/status", GROUP)
    for kind in ("html", "unplugged", "cut"):
        standins.post("/control/fault", kind=kind, delay=0)
        standins.asks(ANNA, "/calls", GROUP)
    standins.post("/control/fault", kind="none", delay=0)
    for kind in ("html", "cut", "server_error"):
        standins.post("/client/faults", kind=kind, methods=["getUpdates", "sendMessage"], count=2)
        standins.says(ANNA, "/status", GROUP)
        standins.wait_for_looks(2)
    assert program.stop() == 0
    log = program.log.read_text()
    assert "listening" in log
    assert TOKEN not in log
    assert TOKEN.replace(":", "%3A") not in log
    assert KEY not in log
    assert password not in log
    assert not re.search(r"(?i)bearer [0-9a-f]{8}", log)
