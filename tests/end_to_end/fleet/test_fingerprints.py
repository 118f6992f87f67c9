"""A PBX with MikoPBX's own certificate, pinned by its fingerprint."""

from pathlib import Path

from tests.end_to_end.fleet_harness import running_fleet, running_harness
from tests.end_to_end.harness import ANNA
from tests.end_to_end.tls_front import tls_front
from tests.fixtures.certificates import make_certificate


def test_a_change_of_certificates_is_followed_by_a_reload(tmp_path: Path) -> None:
    own, other = make_certificate(tmp_path, "own"), make_certificate(tmp_path, "other")
    with running_harness("acme") as harness, tls_front(harness.address, own) as address:
        acme = harness["acme"]
        acme.extra = {"url": f'"{address}{acme.path}"'}
        with running_fleet(harness, tmp_path, LANGUAGE="en") as program:

            def renewed(*fingerprints: str) -> None:
                acme.extra = {**acme.extra, "tls_fingerprint": str([*fingerprints])}
                harness.write_stations(tmp_path, "acme")
                program.read_stations_again()
                harness.wait_for_message("read again", ANNA, after=shown.id)

            shown = harness.asks(ANNA, "/status", ANNA)
            assert "issuer of the PBX's certificate is not known" in shown

            renewed(other.fingerprint)
            shown = harness.asks(ANNA, "/status", ANNA)
            assert "another certificate than the one in PBX_TLS_FINGERPRINT" in shown
            lines = program.log.read_text().splitlines()
            assert any(own.fingerprint in line and other.fingerprint in line for line in lines)
            assert acme.looks() == []

            renewed(other.fingerprint, own.fingerprint)
            acme.wait_for_looks(2)
            assert "trunks work" in harness.asks(ANNA, "/status", ANNA)
