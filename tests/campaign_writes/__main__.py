"""`python -m tests.campaign_writes KILLS SEED`: play the campaign and write its figures into docs/write-campaign.md."""

import sys

from tests.campaign_writes.campaign import Result, campaign
from tests.fixtures import report

REPORT = report.DOCS / "write-campaign.md"


def told(result: Result, kills: int, seed: int) -> str:
    rows = "\n".join(f"| {kind} | {count} |" for kind, count in sorted(result.kills.items()))
    wrong = "\n".join(f"- {one}" for one in result.wrong) or "Nothing."
    command = report.command(f"make write-campaign KILLS={kills} SEED={seed}")
    return f"""`{command}`

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

What went wrong:

{wrong}"""


def main(kills: int, seed: int) -> int:
    result = campaign(kills, seed)
    content = told(result, kills, seed)
    report.write(REPORT, report.engine(), content)
    print(content)
    return bool(result.wrong)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
