"""Passwords for SIP accounts."""

import secrets
import string

# No characters that look alike in a phone's menu. Twenty of three kinds satisfy the PBX's rule of strength.
ALPHABET = "".join(c for c in string.ascii_letters + string.digits if c not in "Il1O0o")
LENGTH = 20


def new_sip_password() -> str:
    while True:
        password = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        kinds = (str.islower, str.isupper, str.isdigit)
        if all(any(kind(c) for c in password) for kind in kinds):
            return password
