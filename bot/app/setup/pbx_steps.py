"""The PBX in the setup: its address, its certificate, the key and its rights."""

import ssl
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.app.check.pbx.address import Where, explained
from bot.app.check.pbx.certificate import flaw
from bot.app.setup.conversation import Conversation, GivenUp, NotNow, Rejected, checked
from bot.app.setup.options import OPTION_OF
from bot.app.setup.pbx_address import AddressFound, check_is_mikopbx, find
from bot.app.setup.terminal import NoAnswer
from bot.app.wiring.pbx_clients import trusting
from bot.config.errors import WrongSettings
from bot.http import urls
from bot.http.public_trust import public_trust
from bot.pbx import (
    Forbidden,
    Pbx,
    PbxError,
    ServerError,
    TimedOut,
    Unauthorised,
    Untrusted,
)
from bot.pbx.certificate import Certificate, trust_by_fingerprint
from bot.pbx.rights import Held, Importance

# What there is to correct is what was just answered.
ANSWERED = Where(url="the address", key="the key")


class PbxSteps:
    """`url` is known after `address`, `key_rights` after `key`."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._say = conversation.terminal.say
        self._found = AddressFound("", None)
        self._trust = public_trust()

    @property
    def host(self) -> str:
        return self._found.host

    def address(self) -> None:
        self._found = self._conversation.settle("PBX_URL", "Address of the PBX's web page", self._answers)
        self._say(f"  ✓ MikoPBX answers at {self._found.url}")

    def _answers(self, text: str) -> tuple[str, AddressFound]:
        """Find what answers at a typed address, and agree on how it is trusted."""
        url, trust = checked("PBX_URL", text), self._named_trust()
        try:
            found = self._conversation.run(find(url, scheme_typed="//" in text, trust=trust))
            pinned = self._pinned(found)
            self._trust = trust_by_fingerprint(pinned) if pinned else trust or public_trust()
            self._conversation.run(check_is_mikopbx(found.url, self._trust))
        except PbxError as error:
            raise Rejected(_sentence(url, error)) from None
        if pinned or self._conversation.draft.get("PBX_TLS_FINGERPRINT"):
            self._conversation.draft.keep("PBX_TLS_FINGERPRINT", ", ".join(sorted(pinned)))
        return found.url, found

    def _named_trust(self) -> ssl.SSLContext | None:
        """Return the trust that PBX_TLS_VERIFY names, None for the public authorities."""
        verify = checked("PBX_TLS_VERIFY", self._conversation.setting("PBX_TLS_VERIFY") or "true")
        if isinstance(verify, Path):
            return trusting(verify)
        return None if verify else public_trust(verify=False)

    def _pinned(self, found: AddressFound) -> frozenset[str]:
        """Return the fingerprints to trust alone; none for a certificate that is trusted without, and for plain http,
        after somebody agreed to that."""
        if found.certificate is None:
            if "PBX_TLS_FINGERPRINT" in self._conversation.given:
                option = OPTION_OF["PBX_TLS_FINGERPRINT"]
                raise Rejected(f"{found.url} is plain http, without a certificate; leave {option} out, or write https")
            self._agree_on_plain_http(found)
            return frozenset()
        wanted: frozenset[str] = checked("PBX_TLS_FINGERPRINT", self._wanted_fingerprint(found.url))
        self._show(found, found.certificate)
        if not wanted and found.certificate.flaw is None:
            return frozenset()
        shown = found.certificate.fingerprint
        if not wanted:
            self._agree_to_pin()
            return frozenset({shown})
        if shown not in wanted:
            raise Rejected(
                f"its certificate has another fingerprint, {shown}: somebody may stand between, or the PBX has a new "
                f"certificate; then give {OPTION_OF['PBX_TLS_FINGERPRINT']}={shown}"
            )
        return wanted

    def _wanted_fingerprint(self, url: str) -> str:
        """Return the fingerprint that an option names, or that an earlier answer trusts at this address."""
        if "PBX_TLS_FINGERPRINT" in self._conversation.given:
            return self._conversation.given["PBX_TLS_FINGERPRINT"]
        is_same = self._conversation.draft.get("PBX_URL") == url
        return self._conversation.setting("PBX_TLS_FINGERPRINT") if is_same else ""

    def _agree_on_plain_http(self, found: AddressFound) -> None:
        allowed = checked("PBX_ALLOW_HTTP", self._conversation.setting("PBX_ALLOW_HTTP"))
        if (refusal := urls.refusal(found.url, allowed)) is None:
            return
        self._say(f"  Only plain http answers at {found.url}: whoever is between can read the API key.")
        if not self._agrees("  Send the key there all the same?", f"PBX_URL: {refusal}"):
            raise GivenUp
        self._conversation.draft.keep("PBX_ALLOW_HTTP", " ".join(sorted({*allowed, found.host})))

    def _show(self, found: AddressFound, shown: Certificate) -> None:
        names = ", ".join(shown.names) or "no name"
        self._say(f"  The certificate at {found.host}:")
        self._say(f"    for {names}, until {shown.not_after:%Y-%m-%d}")
        self._say(f"    {'self-signed' if shown.is_self_signed else f'issued by {shown.issuer}'}")
        self._say(f"    SHA-256 {shown.fingerprint}")
        if shown.flaw not in (None, Untrusted):
            self._say(f"    it {flaw(shown.flaw, found.host)}")

    def _agree_to_pin(self) -> None:
        self._say("  It cannot be checked, like MikoPBX's own; the bot can trust this very one, and no other.")
        self._say("  Compare it with what your browser shows for the PBX's page, in the details of the certificate.")
        if not self._agrees(
            "  Trust it?", "PBX_TLS_FINGERPRINT: nobody agrees; give --fingerprint, or answer in a terminal"
        ):
            self._say("  Not trusted. Install a certificate in MikoPBX, or name its authority: PBX_TLS_VERIFY in .env.")
            raise GivenUp

    def _agrees(self, question: str, otherwise: str) -> bool:
        """Ask for trust, to which --yes does not agree; `otherwise` is the error where nobody answers."""
        try:
            return self._conversation.terminal.consent(question)
        except NoAnswer:
            raise WrongSettings([otherwise]) from None

    def key(self) -> None:
        held = self._conversation.settle(
            "PBX_API_KEY", "API key of the PBX, from System → API keys", self._rights, secret=True
        )
        self._report(held)
        while self._asks_for_rows(held):
            text = self._conversation.known("PBX_API_KEY") or ""
            _, held = self._rights(text)
            self._report(held)

    def _asks_for_rows(self, held: Sequence[Held]) -> bool:
        """Return True to look again. A key of which that was asked before is taken as it is."""
        missing = [one for one in held if not one.is_complete and one.right.importance is not Importance.OPTIONAL]
        if not missing or "PBX_API_KEY" not in self._conversation.asked:
            return False
        try:
            return not self._conversation.terminal.confirm(
                "  Go on without them? n looks again, after you have added rows to the key"
            )
        except NoAnswer:
            return False

    def _rights(self, text: str) -> tuple[str, Sequence[Held]]:
        checked("PBX_API_KEY", text)
        try:
            return text, self._conversation.run(self._probed(text))
        except Unauthorised as error:
            raise Rejected(_sentence(self._found.url, error)) from None
        except PbxError as error:
            raise NotNow(_sentence(self._found.url, error)) from None

    async def _probed(self, key: str) -> Sequence[Held]:
        allowed = checked("PBX_ALLOW_HTTP", self._conversation.setting("PBX_ALLOW_HTTP"))
        async with Pbx(self._found.url, SecretStr(key), verify=self._trust, allow_http=allowed) as pbx:
            # A wrong key is refused here, before each probe would be a failed login of its own.
            with suppress(Forbidden, ServerError, TimedOut):
                await pbx.trunks.statuses()
            return await pbx.rights.probe()

    def _report(self, held: Sequence[Held]) -> None:
        complete = [one.right.row for one in held if one.is_complete]
        self._say(f"  ✓ The key has {len(complete)} of {len(held)} rows: {', '.join(complete) or 'none'}.")
        for one in held:
            if not one.reads:
                mark = "·" if one.right.importance is Importance.OPTIONAL else "✗"
                self._say(f"  {mark} {one.right.row} ({one.right.needs}): {one.right.without}")
            elif not one.writes:
                self._say(f"  ✗ {one.right.row} (write too): {one.right.read_only}")


def _sentence(url: str, error: PbxError) -> str:
    if isinstance(error, Untrusted):
        return f"the certificate {flaw(type(error), urlsplit(url).hostname or '')}"
    text, remedy = explained(url, error, ANSWERED)
    return f"{text}; {remedy}"
