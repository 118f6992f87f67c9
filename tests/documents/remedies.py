"""What to do about texts that do not say it themselves. A text with a remedy in neither place fails the build."""

from collections.abc import Mapping

# Of a message that says more: it stands beside its remedy, or is one.
PART = ""
AGAIN = "Ask again with the command."
NOTHING = "Nothing: it is as you want it."
WAIT = "Wait for the second message, which says how it ended; do not ask again meanwhile."
SPELLING = "Write the address as the comment in `.env.example` shows it."
FIELD = "Add it; `/help add_employee` and `/help add_trunk` have examples."
ASK_THEM = "Let the person it belongs to press it, or send the command yourself."
SECOND = "Let another person with the same right press *Confirm*: [four eyes](guides/access.md#four-eyes)."

ALERTS: Mapping[str, str] = {
    "‹trunk› is still registered, but answers badly or not at all": (
        "Nothing yet: you hear of it again when it gets worse. If it stays, ask the provider about the line."
    ),
    "MikoPBX ‹release› has a known fault": "Do what the message says: [health of the PBX](guides/pbx-health.md).",
}
SETTINGS: Mapping[str, str] = {
    "must begin with https://, for Telegram calls nothing else": "Write the public https address of your web server.",
    "needs the extra of that name: pip install 'mikopbx-bot[postgresql]'": "Install it, or use a file of SQLite.",
    "must be a plain address without user, password or query": SPELLING,
    "is not a web address: its host is no name or address that can be called": SPELLING,
    "is not a web address: its host or port is wrong": SPELLING,
    "is neither true nor false nor the path of an existing CA file (PEM)": (
        "Write `true`, or [save the PBX's certificate](guides/install.md#the-pbxs-certificate) and name the file."
    ),
    "STATIONS_FILE: ‹…›: ‹…› belongs into a [[station]]": "Move the line below the `[[station]]` that it is about.",
    "has the port ‹…›, and ports end at ‹…›": "Write the port of the PBX's web page, or none for 443.",
}
PBX: Mapping[str, str] = {
    "The PBX did not find out in time; its worker for calls may be stuck.": (
        "Ask again in a minute; if it stays, restart the PBX's workers."
    ),
    "The PBX refused: ‹reasons›.": "See [what the PBX refuses](#the-pbx-refuses-a-change).",
    "The PBX answered in a way I do not understand; the log has the details.": (
        "Read the log (`journalctl -u mikopbx-bot`), and report it with the version of the PBX."
    ),
    "So that the PBX does not block the bot, it is asked again in ‹wait›.": PART,
    "the number is missing": FIELD,
    "the name is missing": FIELD,
    "the password is missing": FIELD,
    "the type of the trunk is missing": "Write `type=sip` or `type=iax`.",
    "the password needs more than ‹most› characters": "Take a longer one, or none: the bot makes one.",
    "the host must be an address or a name with a dot in it, without a port": (
        "Write it like `host=sip.provider.com`, and the port as `port=5061`."
    ),
    "‹field› must be one of: ‹values›": "Write one of those.",
    "‹field› cannot be ‹got›: the limit is ‹limit›": "Write a value within the limit.",
    "a period can have 365 days at most": "Ask for a year at a time.",
    "this version of the PBX cannot do that": "Update MikoPBX, or do it on its web page.",
    "the PBX did not say what became of it, and it is not there": "Look at the PBX's page, then ask again.",
    "it gives no reason (HTTP ‹status›)": "Look at the PBX's log at that minute.",
    "it is still used: ‹what›. Remove it there first": "Remove it there first: a queue, a voice menu or a route.",
}
CHAT: Mapping[str, str] = {
    "In the log it is row ‹number›.": PART,
    "Nothing to change: ‹number› ‹name› is like that already.": NOTHING,
    "Nothing to change: ‹name› is like that already.": NOTHING,
    "I do not know ‹written›.": "`/help` lists what you can ask; the nearest commands are offered.",
    "/help lists what you can ask.": PART,
    "Did you mean:": PART,
    "Did you mean ‹commands›?": PART,
    "did you mean ‹name›?": PART,
    "Write it like this:": PART,
    "For example:": PART,
    "Nothing was changed. This cannot be used:": "Correct the values that it lists, and send the line again.",
    "/‹command› only in our private chat: what it shows is not for a group.": "Send it to the bot in private.",
    "I deleted your message: it held a password, and nothing was done.": (
        "Take another password, and write it to the bot in private."
    ),
    "Please delete your message: it holds a password, and I may not delete it. Nothing was done.": (
        "Delete it, take another password, and write it to the bot in private."
    ),
    "Take another password, and write it to me in private.": PART,
    "Nothing was done: this needs a second person with the right “‹permission›”, and there is none.": (
        "Name a second person in `ADMINS`, or change `TWO_PERSON`."
    ),
    "‹count› other person has it, but it comes from you or is younger than a day, and does not count.": PART,
    "Whoever runs the bot can name a second person in ADMINS, or change TWO_PERSON.": PART,
    "The recording has ‹megabytes› MB, and Telegram takes 50 MB from a bot.": "Listen to it on the PBX's own page.",
    "The recording is larger than the 50 MB that Telegram takes from a bot.": "Listen to it on the PBX's own page.",
    "Listen to it on the PBX's own page.": PART,
    "The recording could not be fetched.": "Ask again in a minute, or listen to it on the PBX's own page.",
    "The file of this recording is not on the PBX any more; it keeps them for a limited time.": (
        "Set in the PBX for how long it keeps recordings."
    ),
    "‹person›, too much at once: I do what came first, the rest was not read.": (
        "Send again what still matters, once the bot has answered."
    ),
    "Send again what still matters, once I have answered.": PART,
    "A group for alerts takes none from me": "The line below it says why; each is explained here.",
    "One of ALERT_CHATS takes no alerts from me": "The line below it says why; each is explained here.",
    "Somebody who can be on call takes no messages from me": "The line below it says why; each is explained here.",
    "Until then its alerts come to the administrators.": PART,
    "Until then these alerts come to the administrators.": PART,
    "Until then their alerts come to the administrators.": PART,
    "Until then whoever comes next is asked.": PART,
    "A webhook is set for my token again and again": (
        "Give the other service a bot of its own, or make a new token with @BotFather."
    ),
    "Somebody set a webhook for my token, and I heard nobody": (
        "Nothing, if you know who it was. Else make a new token: `/revoke` at @BotFather."
    ),
    "I deleted it and listen again. What was typed meanwhile may have gone there.": PART,
    "Nothing was created yet: the password goes only to your private chat, and I cannot write to you there.": (
        "Open a chat with the bot, press *Start*, then ask again."
    ),
    "Open a chat with me, press Start, then ask again.": PART,
    "Alerts would not arrive": "The lines below it say why; each is explained here.",
    "The id of a group begins with a minus.": PART,
    "A topic takes no messages from me": "Open it again, or name another one in `ALERT_CHATS`.",
    "The PBX did not answer in time; it may still change ‹number› ‹name›.": WAIT,
    "The PBX did not answer in time; it may still create ‹number› ‹name›.": WAIT,
    "I was restarted while I created ‹number› ‹name›; the PBX may have done it, or still do it.": WAIT,
    "The PBX did not answer in time about ‹name›; it may still do it.": WAIT,
    "I am looking, for up to 45 seconds. Do not ask again meanwhile.": PART,
    "Not undone: somebody changed ‹number› ‹name› since.": "Change it back by hand with `/edit_employee`.",
    "Not undone: ‹number› ‹name›.": "The line below it says why; look at the employee before you repeat it.",
    "New employee": PART,
    "This is enough. More fields are forwarding, recording, transport and so on.": PART,
    "Nothing was created: ‹number› already belongs to ‹name›.": (
        "Choose another number, or leave it out: the next free one is taken."
    ),
    "Choose another number, or leave it out and I take the next free one.": PART,
    "Nothing was changed: ‹mobile› is the mobile of ‹number› ‹name›.": "Take another mobile, or remove it there first.",
    "‹station› has no extension ‹number›.": "`/status` shows those there are.",
    "/status shows those there are.": PART,
    "The address of a calendar is a secret: whoever has it can read the calendar. Send it to me in private:": (
        "Let your calendar make a new address, and send it to the bot in private."
    ),
    "I deleted your message.": PART,
    "Delete your message, and let your calendar make a new address.": PART,
    "No event of the next two months names somebody who may be on call on ‹station›.": (
        "Write a @username, a numeric id or a full name into the title of each event, or invite the person."
    ),
    "Whom I do not know, or who may not be on call: ‹names›": PART,
    "An event's title, or else its attendee, names a person by @username, numeric id or full name.": PART,
    "The calendar of who is on call could not be read anew; the last one counts.": (
        "The line below it says why; give the calendar again with `/oncall import`."
    ),
    "The calendar could not be read from that address.": "The line below it says why; copy the iCal address again.",
    "“‹written›” is no level that there is.": "Write one of those it lists.",
    "There are: ‹numbers›.": PART,
    "On call can only be who has a role for it of their own on ‹station›; the right of a group does not count.": (
        "Let an administrator give one: `/grant @username operator`."
    ),
    "An administrator gives one:": PART,
    "cannot be called": PART,
    "Shift from ‹when›.": PART,
    "They have no role for being on call. Give one:": "Give one: `/grant @username operator`.",
    "Registering ‹name› anew: switching it off…": PART,
    "‹name› is off for a moment. Waiting until Asterisk has let go of its registration…": PART,
    "‹name› is on again and registers…": PART,
    "I was restarted while ‹name› was being registered anew. I make sure that it is on…": PART,
    "‹name› was switched off only now. I switch it on as soon as Asterisk has let go of it, within a minute…": PART,
    "Cancelled: nothing was changed.": PART,
    "‹count› trunk of that name: which one?": "Press the button with the right account.",
    "There is no trunk “‹name›”. Did you mean:": "Press the right name; `/trunks` shows all.",
    "‹name› is still switched off: nobody can call through it.": (
        "Press *Switch on*, or do it in the PBX. The bot goes on trying."
    ),
    "The PBX said yes and did not switch it on.": PART,
    "I go on trying until it is on.": PART,
    "Press the button, or switch it on in the PBX.": PART,
    "Nothing was deleted: that is not the name of ‹name›.": "Send the command again, and type the name as it is shown.",
    "‹name› is not in the PBX's list any more.": "It was deleted there; `/trunks` shows what there is.",
    "This button belongs to another chat.": AGAIN,
    "Only whoever sent the command can press this.": ASK_THEM,
    "This was already answered.": "Nothing; ask again with the command if you want it once more.",
    "This request is no longer open: it was answered, taken back, or has expired.": "The person can ask again.",
    "You asked for it yourself: another person has to confirm it.": SECOND,
    "Your own right comes from who asks for this, or is younger than a day: somebody else has to confirm it.": SECOND,
    "Who asked for this has no right to it any more.": "Ask for it yourself, if you have the right.",
}
REMEDIES: Mapping[str, str] = {**ALERTS, **SETTINGS, **PBX, **CHAT}
