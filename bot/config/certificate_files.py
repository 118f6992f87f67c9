"""Check what PBX_TLS_VERIFY and PBX_TLS_FINGERPRINT name, before a connection needs it."""

import re
import ssl
from pathlib import Path

# Of a file that is no text; certificates of all authorities of the world take a quarter of it.
MAX_BYTES = 1_000_000
HOW_TO_READ = "`mikopbx-bot check` shows it, or openssl x509 -noout -fingerprint -sha256 -in pbx.pem"


def check_ca_file(path: Path) -> None:
    """Check that the file has a certificate in PEM form. Raises ValueError with the remedy."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name the CA file (PEM) in it")
    if not path.is_file():
        raise ValueError("is neither true nor false nor the path of an existing CA file (PEM)")
    check_content(path)


def check_content(path: Path) -> None:
    """Check that a file has certificates in PEM form. Raises ValueError with the remedy."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}; let this account read it") from None
    if b"-----BEGIN CERTIFICATE-----" not in content and b"-----BEGIN TRUSTED CERTIFICATE-----" not in content:
        raise ValueError(f"{path} {_instead(content)}")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=str(path))
    except (ssl.SSLError, OSError):
        raise ValueError(f"{path} has a damaged certificate in it; fetch it again from the PBX") from None


def _instead(content: bytes) -> str:
    if b"PRIVATE KEY-----" in content:
        return "is a private key, which should not leave the PBX; name the file of its certificate"
    if not content.strip():
        return "is empty; fetch the certificate again from the PBX"
    if content.startswith(b"\x30\x82"):
        return "is a certificate in DER form; make it PEM: openssl x509 -inform der -in FILE -out pbx.pem"
    return "has no certificate in it; it begins with -----BEGIN CERTIFICATE-----"


def fingerprints(text: str) -> frozenset[str]:
    """Parse SHA-256 fingerprints, separated by commas, into upper case with colons. Raises ValueError."""
    return frozenset(_fingerprint(one) for one in re.split(r"[,;\n]", text) if one.strip())


def _fingerprint(written: str) -> str:
    # As openssl prints it: "sha256 Fingerprint=AA:BB".
    digits = re.sub(r"^.*=|^\s*sha-?256[\s:]*", "", written, flags=re.IGNORECASE)
    digits = re.sub(r"[\s:-]", "", digits).upper()
    if re.fullmatch(r"[0-9A-F]{40}", digits):
        raise ValueError(f"is a SHA-1 fingerprint, and SHA-256 is needed; {HOW_TO_READ}")
    if not re.fullmatch(r"[0-9A-F]{64}", digits):
        raise ValueError(f"is not a SHA-256 fingerprint, which has 64 hexadecimal digits; {HOW_TO_READ}")
    return bytes.fromhex(digits).hex(":").upper()
