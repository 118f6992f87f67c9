"""Options of `mikopbx-bot setup`. A secret comes from a file, from standard input or from the environment, never as an
argument, which the list of processes shows. Imported by every start: it loads nothing."""

import argparse

# Option of each setting, for the message about one that is missing.
OPTION_OF = {
    "TELEGRAM_TOKEN": "--token-file",
    "PBX_URL": "--pbx-url",
    "PBX_API_KEY": "--key-file",
    "PBX_TLS_FINGERPRINT": "--fingerprint",
    "ADMINS": "--admin",
    "ALERT_CHATS": "--group",
    "PBX_NAME": "--name",
    "LANGUAGE": "--language",
}


def declare(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--token-file", metavar="FILE", help="A file with the bot's token; - for the next line of standard input.")
    add("--pbx-url", metavar="URL", help="The address of the PBX's web page.")
    add("--fingerprint", metavar="SHA256", help="Trust the PBX's own certificate if it has this fingerprint.")
    add("--key-file", metavar="FILE", help="A file with the API key; - for the next line of standard input.")
    add("--admin", metavar="ID", help="Numeric Telegram ids of the administrators, separated by commas.")
    add("--group", metavar="ID", help="The chat for alerts, like --group=-1001234567890 or …:topic; none for no group.")
    add("--name", help="What messages call the PBX.")
    add("--language", choices=("en", "ru"), help="What the bot speaks.")
    add("--yes", action="store_true", help="Agree where only yes or no is asked; trust in a certificate is not.")
