"""A batch of updates that was stored, though the database could not say so: the connection was lost during the commit,
and the server stayed away."""

from typing import Any

import pytest

from bot.access.policy import Permission
from bot.messages.message import Message
from bot.store.database import Database, DatabaseError, OperationalError
from bot.store.messages import inbox
from handlers.dispatch.request import Reply
from handlers.dispatch.rules import OnRestart
from tests.handlers.dispatch.test_transaction_counts import Office
from tests.handlers.dispatcher_harness import ANNA, GROUP
from tests.handlers.update_factory import message


class UnreliableOffice(Office):
    async def receives_unconfirmed(self, update: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """Receive an update twice, as Telegram sends it again: the first time its commit is not confirmed."""
        sent = {"update_id": self.update_id + 1, **update}
        dialect = self.database._engine.dialect
        commit = dialect.do_commit

        def unconfirmed(connection: Any) -> None:
            commit(connection)
            monkeypatch.setattr(dialect, "do_commit", commit)
            raise OperationalError("COMMIT", None, Exception("server closed the connection unexpectedly"))

        monkeypatch.setattr(dialect, "do_commit", unconfirmed)
        with pytest.raises(DatabaseError):
            await self.queue.enqueue([sent])
        await self.receives(update)


@pytest.fixture
async def office(database: Database) -> UnreliableOffice:
    office = UnreliableOffice(database)
    await office.types("/plain")
    office.chat.said.clear()
    office.done.clear()
    return office


async def test_a_command_is_answered_though_its_storing_was_not_confirmed(
    office: UnreliableOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.receives_unconfirmed({"message": message("/plain", ANNA, GROUP, office.now)}, monkeypatch)
    assert len(office.done) == len(office.chat.said) == 1
    assert await office.database.run(inbox.unfinished) == {}
    assert [row.update_id for row in await office.audit()] == [1, 2]


async def test_an_answer_is_taken_though_its_storing_was_not_confirmed(
    office: UnreliableOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.types("/ask")
    office.done.clear()
    text = message("Boris", ANNA, GROUP, office.now, replied_to=len(office.chat.said))
    await office.receives_unconfirmed({"message": text}, monkeypatch)
    assert [request.arguments for request in office.done] == ["Boris"]


async def test_a_change_of_the_pbx_is_asked_about_instead(
    office: UnreliableOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.offers("change", Permission.STATUS_READ, Reply(Message("broken")), resume=OnRestart.ASK_USER)
    await office.receives_unconfirmed({"message": message("/change", ANNA, GROUP, office.now)}, monkeypatch)
    assert office.done == []
    assert len(office.chat.said) == 1


async def test_what_was_handled_before_is_not_handled_again(office: UnreliableOffice) -> None:
    sent = {"update_id": 2, "message": message("/plain", ANNA, GROUP, office.now)}
    office.update_id = 1
    await office.receives({"message": sent["message"]})
    await office.queue.enqueue([sent])
    assert len(office.done) == 1
