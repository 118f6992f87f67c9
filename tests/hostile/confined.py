"""A program under the limits of deploy/mikopbx-bot.service, as far as they can be had without systemd:
`python -m tests.hostile.confined program …`."""

import ctypes
import ctypes.util
import errno
import os
import re
import resource
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

UNIT = Path(__file__).parent.parent.parent / "deploy" / "mikopbx-bot.service"
PR_SET_NO_NEW_PRIVS, PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 38, 65, 1
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
EQUAL = 4


def directives(unit: Path = UNIT) -> dict[str, list[str]]:
    """What stands under [Service]."""
    found = defaultdict[str, list[str]](list)
    service = unit.read_text().split("[Service]")[1].split("\n[")[0]
    for name, value in re.findall(r"^(\w+)=(.*)$", service, re.MULTILINE):
        found[name].append(value)
    return found


def can_confine() -> bool:
    return shutil.which("systemd-analyze") is not None and ctypes.util.find_library("seccomp") is not None


def _calls(groups: list[str]) -> set[str]:
    found = set[str]()
    for group in groups:
        told = subprocess.run(["systemd-analyze", "syscall-filter", group], check=True, capture_output=True, text=True)
        words = [line.strip() for line in told.stdout.splitlines()[1:]]
        found |= {word for word in words if re.fullmatch(r"[a-z0-9_]+", word)}
        if inner := [word for word in words if word.startswith("@")]:
            found |= _calls(inner)
    return found


def allowed_calls(said: list[str]) -> set[str]:
    """As systemd reads SystemCallFilter= line by line. What a process cannot live without is always allowed."""
    allowed = set[str]()
    for line in said:
        if line.startswith("~"):
            allowed -= _calls(line[1:].split())
        else:
            allowed |= _calls(line.split())
    return allowed | _calls(["@default"])


class _Compared(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


def confine(said: dict[str, list[str]]) -> None:
    """This process, from now on and for good."""
    allowed = allowed_calls(said["SystemCallFilter"])
    families = [int(getattr(__import__("socket"), name)) for name in said["RestrictAddressFamilies"][0].split()]
    os.umask(int(said["UMask"][0], 8))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc, seccomp = ctypes.CDLL(None), ctypes.CDLL(ctypes.util.find_library("seccomp"))
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    if said["MemoryDenyWriteExecute"] == ["yes"]:
        libc.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)  # an older kernel does not know it
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(ERRNO | getattr(errno, said["SystemCallErrorNumber"][0])))
    for call in sorted(allowed - {"socket"}):
        if (number := seccomp.seccomp_syscall_resolve_name(call.encode())) >= 0:
            assert seccomp.seccomp_rule_add(context, ALLOW, number, 0) == 0
    socket = seccomp.seccomp_syscall_resolve_name(b"socket")
    for family in families:
        one = _Compared(0, EQUAL, family, 0)
        assert seccomp.seccomp_rule_add_array(context, ALLOW, socket, 1, ctypes.byref(one)) == 0
    assert seccomp.seccomp_load(context) == 0


if __name__ == "__main__":
    confine(directives())
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606
