"""Reference of the fleet: a loop that requests the trunk states of every PBX every 10 s and discards them. Measures the
cost of the requests alone.
"""

import asyncio
import os
import random
import ssl
import time
from pathlib import Path

import httpx

EVERY = 10.0


async def _ask(root: str, trust: ssl.SSLContext) -> None:
    headers = {"Authorization": f"Bearer {os.environ['PBX_API_KEY']}"}
    async with httpx.AsyncClient(headers=headers, verify=trust, timeout=35) as client:
        due = time.monotonic() + random.uniform(0, EVERY)
        while True:
            await asyncio.sleep(due - time.monotonic())
            due = time.monotonic() + EVERY
            try:
                (await client.get(f"{root}/pbxcore/api/v3/providers:getStatuses")).json()
            except httpx.HTTPError as error:
                print(error)


async def main(roots: list[str]) -> None:
    trust = httpx.create_ssl_context()
    await asyncio.gather(*(_ask(root, trust) for root in roots))


if __name__ == "__main__":
    asyncio.run(main(Path(os.environ["ROOTS"]).read_text().split()))
