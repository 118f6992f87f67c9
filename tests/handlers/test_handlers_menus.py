"""When the command menus are offered anew."""

from typing import Any

import pytest
from telegram import Update

from bot.store.database import Store
from handlers import CATALOGUE
from handlers.menus import Menus
from tests.chat.renderers import renderer
from tests.handlers.bench import ANNA, GROUP, NOW, OTHER_GROUP, Bench, message


@pytest.mark.parametrize(
    ("more", "anew"),
    [({}, False), ({"migrate_to_chat_id": OTHER_GROUP}, True), ({"migrate_from_chat_id": OTHER_GROUP}, True)],
)
async def test_a_group_that_takes_its_roles_to_a_new_id_is_offered_its_menu_at_once(
    store: Store, more: dict[str, Any], anew: bool
) -> None:
    bench = Bench(store)
    menus = Menus(None, renderer(), CATALOGUE, bench.book, bench.clock)  # type: ignore[arg-type]
    update = {"update_id": 1, "message": message("", ANNA, GROUP, NOW) | more}
    menus.heard(Update.de_json(update, None))
    assert menus._changed.is_set() is anew
