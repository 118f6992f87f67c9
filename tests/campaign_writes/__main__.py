"""`python -m tests.campaign_writes KILLS SEED`: play the campaign and write its figures into docs/write-campaign.md."""

import sys

from tests.campaign_writes.campaign import Result, campaign
from tests.fixtures.paths import ROOT

REPORT = ROOT / "docs" / "write-campaign.md"


def told(result: Result, kills: int, seed: int) -> str:
    rows = "\n".join(f"| {kind} | {count} |" for kind, count in sorted(result.kills.items()))
    wrong = "\n".join(f"- {one}" for one in result.wrong) or "Nothing."
    return f"""# Killed while it writes

The real program, killed with `kill -9` up to 0.9 s after somebody pressed *Create*, and started again; the PBX is well,
slow, loses its answers, or does what it was asked only later. The moments are chance: some kills fall before the press
is taken or after it is done. The PBX's own waiting, and the bot's for it, goes 20 times faster than in life. Written by
`make write-campaign KILLS={kills} SEED={seed}`, which also kills the handlers at every moment after which the world
outside is different ([tests/handlers/recovery/test_killed.py](../tests/handlers/recovery/test_killed.py)).

| Killed during | Times |
|---|---|
{rows}
| **all** | **{result.kills.total()}** |

| Employees | |
|---|---|
| confirmed | {result.wanted} |
| on the PBX afterwards, each once by number and by name | {result.created} |
| told to the person who confirmed, in words or in the report | {result.told} |
| killed twice in a row within the press: set aside, and the person told to look | {result.set_aside} |

## What went wrong

{wrong}
"""


def main(kills: int, seed: int) -> int:
    result = campaign(kills, seed)
    REPORT.write_text(told(result, kills, seed))
    sys.stdout.write(REPORT.read_text())
    return bool(result.wrong)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
