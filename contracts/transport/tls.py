"""Which certificates are trusted, and which one the client presents."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

from contracts.model import UserError

ClientCertificate = str | tuple[str, str | None]
"""A PEM file with certificate and key, or one file for each."""


def tls_context(verify: bool | str, certificate: ClientCertificate | None) -> ssl.SSLContext:
    """The TLS settings; raises `UserError` for files that cannot be used."""
    try:
        context = _trusting(verify)
    except OSError as error:  # includes ssl.SSLError
        raise UserError(f"The certificates cannot be read: {error.strerror or 'not a PEM file'}.") from None
    if certificate is not None:
        _present(context, *((certificate, None) if isinstance(certificate, str) else certificate))
    return context


def _trusting(verify: bool | str) -> ssl.SSLContext:
    if isinstance(verify, bool):
        return httpx.create_ssl_context(verify=verify)
    if Path(verify).is_dir():
        return ssl.create_default_context(capath=verify)
    return ssl.create_default_context(cafile=verify)


def _present(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    def no_password() -> str:  # otherwise OpenSSL would ask at the terminal
        raise UserError("The key of the client certificate is encrypted: give one that is not.")

    try:
        context.load_cert_chain(certificate, key, no_password)
    except ssl.SSLError:
        raise UserError(
            "The client certificate and its key are not PEM files that belong together."
        ) from None
    except OSError as error:
        raise UserError(f"The client certificate cannot be read: {error.strerror}.") from None
