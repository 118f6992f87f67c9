"""Calls that the PBX makes for a person: its AMI over http(s), which Asterisk calls AJAM."""

from bot.pbx.calling.ajam import CALLING, AmiAccount
from bot.pbx.calling.call import Calling, CallOutcome

__all__ = ["CALLING", "AmiAccount", "CallOutcome", "Calling"]
