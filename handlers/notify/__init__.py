"""/notify, and the cards of calls that chats are told of."""
