"""MikoPBX's own certificate: self-signed, for a name that is not in use."""

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app.wiring.pbx_clients import trusting
from bot.pbx import Pbx, PbxError, Untrusted, WrongName

# As MikoPBX creates it: its script's sections, a shorter key.
OWN = """
[req]
distinguished_name = dn
x509_extensions = v3
prompt = no
[dn]
O = MikoPBX
CN = mikopbx
[v3]
basicConstraints = CA:{ca}
keyUsage = {usage}
subjectAltName = DNS:mikopbx
subjectKeyIdentifier = none
authorityKeyIdentifier = none
"""
KINDS = {
    "own": ("FALSE", "nonRepudiation, digitalSignature, keyEncipherment"),
    "issuer": ("TRUE", "keyCertSign, digitalSignature, keyEncipherment"),
}


def certificate(folder: Path, kind: str) -> Path:
    ca, usage = KINDS[kind]
    settings, file = folder / f"{kind}.cnf", folder / f"{kind}.pem"
    settings.write_text(OWN.format(ca=ca, usage=usage))
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{folder}/{kind}.key"]
    command = ["openssl", "req", "-x509", "-days", "2", *key, "-config", str(settings), "-out", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    return file


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    for kind in KINDS:
        certificate(folder, kind)
    return folder


async def asked(served: Path, trusted: Path | None) -> PbxError | None:
    """Return the error of a request to a PBX whose address is in no certificate."""

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"result":true,"data":{"PBXTimezone":"Europe/Berlin"},"messages":[]}'
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(served, served.with_suffix(".key"))
    server = await asyncio.start_server(answers, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    verify = trusting(trusted) if trusted else True
    try:
        async with Pbx(f"https://127.0.0.1:{port}", SecretStr("key"), verify=verify) as pbx:
            assert await pbx.time_zone() == "Europe/Berlin"
    except PbxError as error:
        return error
    finally:
        server.close()
    return None


async def test_the_very_certificate_is_trusted_whatever_name_it_is_for(made: Path) -> None:
    assert await asked(made / "own.pem", made / "own.pem") is None


async def test_another_one_of_the_same_name_is_not(made: Path) -> None:
    assert type(await asked(made / "issuer.pem", made / "own.pem")) is Untrusted
    assert type(await asked(made / "own.pem", None)) is Untrusted


async def test_an_issuer_vouches_only_for_the_names_in_its_certificates(made: Path) -> None:
    assert type(await asked(made / "issuer.pem", made / "issuer.pem")) is WrongName
