"""Play the rounds of a campaign and sum up their findings."""

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaign.audit import audit
from tests.campaign.audit.evidence import Evidence, is_labelled
from tests.campaign.audit.finding import Finding
from tests.campaign.audit.records import RoundRecords
from tests.campaign.script import script
from tests.campaign.standins import play

KILLS_IN_A_ROUND = 25


def played(seed: int, lives: int, folder: Path) -> RoundRecords:
    return play(script(seed, lives), folder)


def round_of(seed: int, keep: Path | None) -> RoundRecords:
    """Play one round; `keep` is the folder in which the logs and the database are kept."""
    if keep:
        folder = keep / str(seed)
        folder.mkdir(parents=True)
        return played(seed, KILLS_IN_A_ROUND, folder)
    with tempfile.TemporaryDirectory() as temporary:
        return played(seed, KILLS_IN_A_ROUND, Path(temporary))


@dataclass
class Tally:
    rounds: int = 0
    kills: int = 0
    figures: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, records: RoundRecords) -> list[Finding]:
        found = audit(records)
        evidence = Evidence(records)
        self.rounds += 1
        self.kills += len(records.diary.kills)
        self.places.update(where for _, where in records.diary.kills)
        self.faults.update(records.diary.faults)
        self.figures.update(
            {
                "starts": len(records.diary.starts),
                "outages": len(records.diary.outages),
                "incidents": len(records.tables["incidents"]),
                "rows owed": len(records.tables["outbox"]),
                "messages taken by Telegram": len(evidence.accepted),
                "labelled repeats": sum(is_labelled(call) for call in evidence.accepted),
                "commands": len(records.diary.said),
                "decisions": len(records.tables["audit"]),
            }
        )
        self.findings += found
        return found

    def table(self) -> str:
        kinds = Counter(one.kind for one in self.findings)
        rows = [("rounds", self.rounds), ("kills", self.kills), *self.figures.items()]
        rows += [(f"killed {where}", count) for where, count in self.places.most_common()]
        rows += sorted(self.faults.items())
        rows += [(f"**{kind}**", kinds[kind]) for kind in ("lost", "unexplained", "double", "end state", "collapsed")]
        return "\n".join(f"| {what} | {count} |" for what, count in rows)
