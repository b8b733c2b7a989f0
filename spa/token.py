"""Sign a dict into a JSON Web Token and read it back."""

import json
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from spa.errors import SetupError

ALGORITHM = "HS256"  # the one algorithm: a token does not choose how it is verified (RFC 8725 section 3.1)
HEADER = {"alg": ALGORITHM, "typ": "JWT"}
SHORTEST_SECRET = 32  # bytes, as many as the hash has (RFC 7518 section 3.2)
LONGEST_TOKEN = 8192  # bytes; servers take no longer header, and nothing longer is worth hashing
LEEWAY = 5.0  # seconds by which the clocks of two machines may differ
COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)  # RFC 7515 section 7.1, without padding
OWN_CLAIMS = frozenset({"aud", "exp", "iat", "nbf"})  # RFC 7519 section 4.1

Secret = str | bytes


class Token(NamedTuple):
    """What a valid token says.

    Attributes:
        claims: what was signed.
        issued_at: when, in seconds since the epoch.
        expires_at: when it expires, likewise.
    """

    claims: dict[str, Any]
    issued_at: float
    expires_at: float


class TokenSigner:
    """Signs dicts into JSON Web Tokens (RFC 7519) for one purpose, and reads them back.

    A token is signed, not encrypted: whoever holds it can read it, and cannot change it. The algorithm is HS256::

        signer = TokenSigner(secret, "confirm-email", max_age=3600)
        token = signer.sign({"user": 7})
        signer.read(token)  # {"user": 7}, and None once an hour has passed

    Args:
        secret: at least 32 bytes that nobody else knows (``secrets.token_hex(32)``), or a list of such: the first
            signs, all verify. Text is taken as UTF-8.
        purpose: what the tokens are for. A token made for another purpose is refused, though its secret is the same.
        max_age: seconds until a token that is signed now expires.
        clock: gives the seconds since the epoch.

    Raises:
        SetupError: a secret is missing, too short or a public key, the purpose is empty, ``max_age`` is no positive
            number, or PyJWT is not installed.
    """

    def __init__(
        self,
        secret: Secret | Sequence[Secret],
        purpose: str,
        *,
        max_age: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(purpose, str) or not purpose:
            raise SetupError("a token needs a purpose, such as 'confirm-email'")
        if not isinstance(max_age, (int, float)) or not 0 < max_age < math.inf:
            raise SetupError(f"max_age is a positive number of seconds, not {max_age!r}")
        try:
            import jwt
        except ImportError as error:
            raise SetupError("tokens and sessions need PyJWT: pip install 'spa[jwt]'") from error
        self.max_age = max_age
        self._purpose = purpose
        self._clock = clock
        self._secrets = check_secrets(secret)
        self._jws = jwt.PyJWS([ALGORITHM])
        self._refusals = (jwt.PyJWTError, ValueError, RecursionError)
        for each in self._secrets:
            try:
                self._jws.encode(b"", each, ALGORITHM)
            except jwt.InvalidKeyError as error:
                raise SetupError(f"a secret must be random bytes: {error}") from error

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a token that carries ``claims``, which JSON must be able to express.

        Raises:
            TypeError, ValueError: JSON has no such value, a claim is one of the token's own (``aud``, ``exp``,
                ``iat``, ``nbf``), or the token would be longer than 8192 bytes.
        """
        taken = sorted(OWN_CLAIMS & claims.keys())
        if taken:
            raise ValueError(f"{taken[0]!r} is a name of the token's own; use another")
        now = self._clock()
        own = {"aud": self._purpose, "exp": math.ceil(now + self.max_age), "iat": int(now)}
        token = self._jws.encode(encode({**claims, **own}).encode(), self._secrets[0], ALGORITHM)
        if len(token) > LONGEST_TOKEN:
            raise ValueError(f"the token has {len(token)} bytes, and {LONGEST_TOKEN} are the most that is read")
        return token

    def read(self, token: str) -> dict[str, Any] | None:
        """Return what was signed; None if the token is not valid, for whatever reason."""
        valid = self.verify(token)
        return None if valid is None else valid.claims

    def verify(self, token: str) -> Token | None:
        """Return what was signed, and when; None if the token is not valid, for whatever reason."""
        if not isinstance(token, str) or len(token) > LONGEST_TOKEN or not COMPACT.fullmatch(token):
            return None
        for secret in self._secrets:
            try:
                opened = self._jws.decode_complete(token, secret, [ALGORITHM])
            except self._refusals:
                continue
            if opened["header"] != HEADER:  # crit, kid, jwk and the like: nothing here writes them
                return None
            return _check_claims(_load(opened["payload"]), self._purpose, self._clock())
        return None


def check_secrets(secret: Any) -> tuple[bytes, ...]:
    """Return the secrets of a setting, one or a list of them, as bytes.

    Raises:
        SetupError: there is none, or one is shorter than 32 bytes or neither text nor bytes.
    """
    secrets = secret if isinstance(secret, (list, tuple)) else [secret]
    if not secrets:
        raise SetupError("a list of secrets needs at least one, the one that signs")
    return tuple(_check_secret(each) for each in secrets)


def encode(claims: Mapping[str, Any]) -> str:
    """Return claims as the shortest JSON there is of them.

    Raises:
        TypeError, ValueError: JSON has no such value; NaN and the infinities are among them.
    """
    try:
        return _dump(claims)
    except (TypeError, ValueError) as error:  # it names a type, and no place
        for name, value in claims.items():
            try:
                _dump(value)
            except (TypeError, ValueError):
                error.add_note(f"JSON has no such value as that of {name!r}: keep text or a number in its place.")
        raise


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _check_secret(secret: Any) -> bytes:
    hint = "make one with python -c 'import secrets; print(secrets.token_hex(32))'"
    if not isinstance(secret, (str, bytes)):
        raise SetupError(f"a secret is str or bytes, not {type(secret).__name__}; {hint}")
    data = secret.encode() if isinstance(secret, str) else secret
    if len(data) < SHORTEST_SECRET:
        raise SetupError(f"a secret has at least {SHORTEST_SECRET} bytes, not {len(data)}; {hint}")
    return data


def _load(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return None


def _check_claims(claims: Any, purpose: str, now: float) -> Token | None:
    if not isinstance(claims, dict) or claims.pop("aud", None) != purpose:
        return None
    issued, expires, begins = claims.pop("iat", None), claims.pop("exp", None), claims.pop("nbf", 0)
    if not (_is_time(issued) and _is_time(expires) and _is_time(begins)):
        return None
    if not (0 <= issued <= now + LEEWAY and begins <= now + LEEWAY and now < expires):  # NaN fails each
        return None
    return Token(claims, issued, expires)


def _is_time(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
