"""Check the settings of calls against each other: address, user and secret of AMI. Pure."""

from collections.abc import Mapping

from bot.http import urls

FIELDS = ("ami_url", "ami_user", "ami_secret")
NO_CERTIFICATE = "is plain http, which shows no certificate for the fingerprint; write https there"


def complaints(
    given: Mapping[str, object], names: Mapping[str, str], allow_http: frozenset[str], *, pinned: bool
) -> list[str]:
    """Return a line for each fault of `given`, the values by field; `names` are the fields as the administrator writes
    them. `pinned`: the certificate is trusted by its fingerprint."""
    if all(given[field] is None for field in FIELDS):
        return []
    together = f"{names['ami_url']}, {names['ami_user']} and {names['ami_secret']}"
    lines = [
        f"{names[field]}: is missing; calls need {together}, or take all three out"
        for field in FIELDS
        if given[field] is None
    ]
    url = given["ami_url"]
    if isinstance(url, str):
        if (refusal := urls.refusal(url, allow_http, "the secret of AMI")) is not None:
            lines.append(f"{names['ami_url']}: {refusal}")
        elif pinned and url.startswith("http://"):
            lines.append(f"{names['ami_url']}: {NO_CERTIFICATE}")
    return lines
