"""Clients of the PBXs, built from their settings."""

import ssl
import time
from functools import cache
from pathlib import Path

from bot.config.station_settings import StationSettings
from bot.http.public_trust import public_trust
from bot.pbx import AmiAccount, Pbx
from bot.pbx.certificate import trust_by_fingerprint
from bot.pbx.resources.kept_records import KeptRecords


class PbxClients:
    def __init__(self) -> None:
        self._kept_records = KeptRecords(time.monotonic)

    def open(self, settings: StationSettings) -> Pbx:
        return Pbx(
            settings.url,
            settings.key,
            name=settings.title,
            verify=trust_of(settings),
            allow_http=settings.allow_http,
            kept_records=self._kept_records,
            ami=ami_of(settings),
        )


def ami_of(settings: StationSettings) -> AmiAccount | None:
    """Return the account of AMI, None where calling is not set up."""
    if settings.ami_url is None or settings.ami_user is None or settings.ami_secret is None:
        return None
    return AmiAccount(settings.ami_url, settings.ami_user, settings.ami_secret)


def trust_of(settings: StationSettings) -> ssl.SSLContext:
    """Return the context of a connection to this PBX. Fingerprints decide alone."""
    if settings.tls_fingerprint:
        return pinned(settings.tls_fingerprint)
    if isinstance(settings.tls_verify, bool):
        return public_trust(settings.tls_verify)
    return trusting(settings.tls_verify)


pinned = cache(trust_by_fingerprint)


@cache
def trusting(file: Path) -> ssl.SSLContext:
    """Return the SSL context of a file, cached for all stations: each takes a megabyte.

    If the file has no issuer, only server certificates, exactly these are trusted, under any host name. Measured:
    MikoPBX's own is for `mikopbx`, or its external name, never for its address.
    """
    context = ssl.create_default_context(cafile=str(file))
    if context.cert_store_stats()["x509_ca"] == 0:
        context.check_hostname = False
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        # Python 3.13 requires certificate extensions that MikoPBX's own certificate lacks.
        context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    return context
