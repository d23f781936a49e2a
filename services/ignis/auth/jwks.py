"""The issuer's public keys (JWKS, RFC 7517), fetched when they are needed and cached."""

import asyncio
import json
import time
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ignis.auth.metrics import AuthMetrics
from ignis.auth.sessions import ALGORITHM
from ignis.auth.settings import RSA_BITS_MIN
from ignis.errors import Unavailable
from ignis.server.logs import get_logger

FETCH_LIMIT = 5.0  # seconds
SIZE_MAX = 1024 * 1024  # bytes
MAX_AGE = 300.0  # seconds after which keys are fetched again, as in Clerk's own libraries
FETCH_EVERY = 5.0  # seconds between two fetches, however many unknown ids are shown

log = get_logger()


class _NoRedirects(HTTPRedirectHandler):
    """Follows nothing: the secret key goes to the configured host alone."""

    def redirect_request(
        self,
        _request: Request,
        _answer: IO[bytes],
        _code: int,
        _reason: str,
        _headers: HTTPMessage,
        _url: str,
    ) -> None:
        """Refuse."""


def fetcher(api_url: str, secret_key: str) -> Callable[[], dict[str, Any]]:
    """Make what fetches the keys; it blocks, for up to FETCH_LIMIT seconds."""
    opener = build_opener(_NoRedirects)
    headers = {"Authorization": f"Bearer {secret_key}", "Accept": "application/json"}
    request = Request(f"{api_url.rstrip('/')}/jwks", headers=headers)  # noqa: S310 - settings allow http and https

    def fetch() -> dict[str, Any]:
        with opener.open(request, timeout=FETCH_LIMIT) as answer:
            document = json.loads(answer.read(SIZE_MAX))
        if not isinstance(document, dict):
            raise ValueError("not a JWKS")  # noqa: TRY004 - one kind of error for what is no JWKS
        return document

    return fetch


class Jwks:
    """Finds keys by id.

    An unknown id asks the issuer again, at most every FETCH_EVERY seconds. While
    the issuer is away, the keys that are known stay good.
    """

    def __init__(
        self,
        fetch: Callable[[], dict[str, Any]],
        metrics: AuthMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._metrics = metrics
        self._clock = clock
        self._keys: dict[str, RSAPublicKey] = {}
        self._failed = False
        self._asked = -FETCH_EVERY - MAX_AGE
        self._loaded = self._asked
        self._loading: asyncio.Task[None] | None = None

    def prefetch(self) -> None:
        """Begin to fetch the keys, so that the first session needn't wait."""
        self._load_soon()

    async def find(self, key_id: str) -> RSAPublicKey | None:
        """Find a key, or None when the issuer has none of that id.

        Raises:
            Unavailable: it is not known, and the issuer did not answer.
        """
        if self._clock() - self._loaded > MAX_AGE or key_id not in self._keys:
            loading = self._load_soon()
            if loading is not None and key_id not in self._keys:
                # The caller may go away; the keys are still worth having.
                await asyncio.shield(loading)
        key = self._keys.get(key_id)
        if key is None and self._failed:
            raise Unavailable(
                "SESSION_KEYS_UNAVAILABLE",
                "Sessions can't be verified for now; try again.",
                retry_after=FETCH_EVERY,
            )
        return key

    def _load_soon(self) -> asyncio.Task[None] | None:
        if self._loading is not None and not self._loading.done():
            return self._loading
        if self._clock() - self._asked < FETCH_EVERY:
            return None
        self._asked = self._clock()
        self._loading = asyncio.create_task(self._load())
        return self._loading

    async def _load(self) -> None:
        try:
            self._keys = _rsa_keys(await asyncio.to_thread(self._fetch))
        except (OSError, ValueError, HTTPException, RecursionError) as error:
            self._failed = True
            self._metrics.jwks_fetches.labels("failed").inc()
            log.warning("the issuer's keys could not be fetched", error=repr(error))
        else:
            self._failed = False
            self._loaded = self._clock()
            self._metrics.jwks_fetches.labels("ok").inc()


def _rsa_keys(document: dict[str, Any]) -> dict[str, RSAPublicKey]:
    """Read the keys that sessions can be signed with; others are none of ours."""
    found = {}
    entries = document.get("keys")
    for entry in entries if isinstance(entries, list) else ():
        try:
            key_id, key = entry["kid"], jwt.PyJWK.from_dict(entry, algorithm=ALGORITHM).key
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError):
            continue
        if isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS_MIN:
            found[str(key_id)] = key
    return found
