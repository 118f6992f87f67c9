"""Private parts and undocumented behaviour of httpx and httpcore that the bot relies on.

No other module uses them. tests/http/test_httpx_library.py states each of them, and fails first after an upgrade.
"""

from collections.abc import Callable

import httpcore
import httpx

Wrap = Callable[[httpcore.AsyncNetworkBackend], httpcore.AsyncNetworkBackend]


def wrap_network(client: httpx.AsyncClient, wrap: Wrap, *within: httpx.AsyncBaseTransport) -> None:
    """Wrap the network that the client reads; `within` are transports that its own one sends through."""
    for transport in (client._transport, *client._mounts.values(), *within):
        if isinstance(transport, httpx.AsyncHTTPTransport):
            transport._pool._network_backend = wrap(transport._pool._network_backend)


async def send_once(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """Send a request through the client's transport, or its proxy's, and its response hooks; the caller closes the
    response. Raises as `client.send` does.

    Skips what a client does for a browser: authentication, redirects, cookies and their headers. Measured: an eighth of
    what a request costs.
    """
    if client.is_closed:
        raise RuntimeError("the client is closed")
    response = await client._transport_for_url(request.url).handle_async_request(request)
    try:
        for hook in client.event_hooks["response"]:
            await hook(response)
    except BaseException:
        await response.aclose()
        raise
    return response


def network_stream(response: httpx.Response) -> object:
    """Return the stream that the network gave for this response; None for one that came from no network."""
    return response.extensions.get("network_stream")
