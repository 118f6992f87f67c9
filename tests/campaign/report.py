"""Report of a campaign, written into docs/fault-campaign.md."""

from tests.campaign.rounds import Tally

# Tried by hand, one change at a time, with seed 1.
PROOFS = """| what was being sent when the program died counts as sent | 4 rows unexplained |
| a row counts as sent before it is sent | 4 rows unexplained |
| updates are confirmed to Telegram before they are stored | 16 updates and answers lost |
| a repeat does not say that it is one | 5 messages said twice without saying so |
| what a person for alerts does not take is told to nobody else (two rounds) | 1 outage lost, found twice |"""

FOUND = """- An edit that had failed was sent after a newer one, and undid what the message showed in the end.
- After the clock was set back, looks at a trunk did not count until it had caught up, and outages of that time were
  never told; a command of an earlier run was taken for one of this run and went unanswered.
- After the clock was set back, the hold-off of a trunk that was down lasted until the clock had caught up. The program
  has a clock of its own since, which never goes back.
- An edit that found that the bot was blocked was not made good when the bot was let in again; one that a newer edit had
  overtaken was.
- A message was given up at the first unknown refusal when other failures had come before it.
- A store that refused ended the program, or dropped a command.
- What people had written stood in the log, within the error of an SQL statement.
- An alert passed on to the administrators showed an outage that was over.
- A message that was on its way while its group shut the bot out and let it in again went on showing an outage that was
  over.
- What a chat had missed while it shut the bot out was not made good when the clock had been set meanwhile.
- The hourly look closed a chat without showing what was open there to anybody else."""

TEXT = """# The fault campaign

The real program, as a process of its own, between a stand-in PBX and a stand-in Telegram over real HTTP. A seeded
script breaks trunks and mends them, has people type commands, take outages, mute and give access – and meanwhile kills
the program again and again: while it starts, while Telegram answers it, just after Telegram or the PBX has answered,
anywhere. Beside that Telegram tells it to wait (429), fails (5xx), answers slowly, cuts connections, loses answers
after accepting, refuses markup; a group becomes a supergroup, a person blocks the bot, a group removes it, a topic
closes; the database is locked, the disk is full, the clock is set forward and back; the PBX fails in every way the
stand-in knows.

Each round ends with calm, and with an audit of the database against what the stand-in Telegram accepted and what the
stand-in PBX lived through. It finds what is *lost* (an outage that could be seen and was not told, an update without a
decision, a command without an answer, a promise that is not in the books), *unexplained* (a row without a known end, a
message that nothing asked for), said *double* without the label “possible repeat”, left in a wrong *end state*, and a
program that *collapsed* by itself.

Repeat it with `make campaign KILLS={kills} SEED={seed}`; `make faults` plays a short one of fifty kills. That the audit
finds anything at all was tried by breaking the program on purpose, for one round of 24 kills each:

| broken on purpose | found |
|---|---|
{proofs}

## What it has found

{found}

All of it is mended, and the rounds were played again.

## Result: {kills} kills, seed {seed}

It took {minutes:.0f} minutes on two cores.

| | |
|---|---|
{table}
"""


def report(tally: Tally, seed: int, seconds: float) -> str:
    return TEXT.format(
        kills=tally.kills, seed=seed, minutes=seconds / 60, table=tally.table(), proofs=PROOFS, found=FOUND
    )
