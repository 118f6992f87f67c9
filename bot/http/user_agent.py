"""Name of the bot in requests to servers that are not its own."""

from functools import cache
from importlib import metadata

DISTRIBUTION = "mikopbx-bot"


@cache
def user_agent() -> str:
    """Return name, version and, if the package names one, the project's page, as crawlers write theirs.

    Microsoft 365 gives a published calendar only to an agent with `Mozilla/5.0 (…) Chrome/`; all others are redirected
    to an error page. https://github.com/nextcloud/server/issues/54799
    """
    return f"Mozilla/5.0 (compatible; {'; '.join(_described())}) Chrome/139.0"


def _described() -> list[str]:
    try:
        about = metadata.metadata(DISTRIBUTION)
    except metadata.PackageNotFoundError:  # run from a source tree
        return [DISTRIBUTION]
    pages = [page.rpartition(" ")[2] for page in about.get_all("Project-URL") or []]
    return [f"{DISTRIBUTION}/{about['Version']}", *(f"+{page}" for page in pages[:1])]
