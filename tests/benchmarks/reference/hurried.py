"""The program, as it is but for one thing: the minute of its budget at the PBX lasts a second. A series of 300 commands
takes more requests than the PBX grants in some minutes, and would measure nothing but waiting for them."""

from bot.pbx import rate_limit

rate_limit.WINDOW = 1.0

if __name__ == "__main__":
    from bot.cli import app

    app(["run"])
