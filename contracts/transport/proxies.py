"""Which proxy of the environment leads to the deployment."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from contracts.model import UserError
from contracts.transport.target import Target


def proxy_for(target: Target) -> httpcore.Proxy | None:
    """The proxy that the environment names for the target; loopback addresses never use one."""
    scheme = "https" if target.secure else "http"
    proxies = getproxies()
    address = proxies.get(scheme) or proxies.get("all")
    if not address or _is_loopback(target.authority) or proxy_bypass(target.authority):
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        raise UserError("The proxy in the environment is not a usable URL.") from None
    if proxy.url.scheme not in ("http", "https"):
        raise UserError("The proxy in the environment is not an HTTP proxy, the only supported kind.")
    return _for_httpcore(proxy)


def _is_loopback(authority: str) -> bool:
    host = httpx.URL(f"http://{authority}").host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _for_httpcore(proxy: httpx.Proxy) -> httpcore.Proxy:
    url = httpcore.URL(scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=b"/")
    return httpcore.Proxy(url, auth=proxy.raw_auth)
