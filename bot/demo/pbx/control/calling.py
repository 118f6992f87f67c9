"""Switches of AMI and of a person's own phone, for calls that the PBX makes for somebody."""

from collections.abc import Mapping

from bot.demo.pbx.ami.manager import PHONES, PLACES
from bot.demo.pbx.control.refusal import ControlRefused, number, word
from bot.demo.pbx.world import StandinPbx

Body = Mapping[str, object]


def set_ami(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    """Set the fields in `body`: `place`, `secret`, `classes` (a list), `phone`, `rings` and `talks` in seconds (`talks`
    null: the number is not answered); `sessions` "lost" drops all sessions. Raises ControlRefused."""
    ami = pbx.ami
    if "place" in body:
        ami.place = word(body, "place", PLACES)
    if "phone" in body:
        ami.phone = word(body, "phone", PHONES)
    if "secret" in body:
        ami.secret = str(body["secret"])
    if "classes" in body:
        classes = body["classes"]
        if not isinstance(classes, list):
            raise ControlRefused("classes is a list of AMI's classes")
        ami.classes = frozenset(map(str, classes))
    if "rings" in body:
        ami.rings = number(body, "rings")
    if "talks" in body:
        ami.talks = None if body["talks"] is None else number(body, "talks")
    if body.get("sessions") == "lost":
        ami.forget_sessions()
