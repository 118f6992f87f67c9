"""How far a chat has gone on: the id of the newest message that the bot knows of."""

REMEMBERED = 1000


class Newest:
    """Only a hint, forgotten with the program: it tells whether a message has scrolled away."""

    def __init__(self) -> None:
        self._ids: dict[int, int] = {}

    def __call__(self, chat: int) -> int | None:
        return self._ids.get(chat)

    def saw(self, chat: int, message: int) -> None:
        if chat not in self._ids and len(self._ids) >= REMEMBERED:
            self._ids.pop(next(iter(self._ids)))
        self._ids[chat] = max(message, self._ids.get(chat, 0))
