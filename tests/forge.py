"""Make JSON Web Tokens by hand, good ones and all kinds of bad ones."""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
NOW = 1_800_000_000.0  # the time at which the clocks of these tests stand
SECRET = "an example of a secret, 32 bytes!"
OTHER = b"another secret of at least 32 bytes"
HEADER = {"alg": "HS256", "typ": "JWT"}
PURPOSE = "session/session"  # of the middleware's tokens, in a cookie of the usual name


def segment(value: Any) -> str:
    """Return one part of a token: JSON, or bytes as they are, in base64url without padding."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def signature(signing_input: str, secret: str | bytes = SECRET, algorithm: str = "HS256") -> str:
    """Return the third part of a token."""
    key = secret.encode() if isinstance(secret, str) else secret
    return segment(hmac.new(key, signing_input.encode(), HASHES[algorithm]).digest())


def token(payload: Any, header: Any = None, secret: str | bytes = SECRET, algorithm: str = "HS256") -> str:
    """Return a token that is rightly signed, whatever it says of itself."""
    signing_input = f"{segment(HEADER if header is None else header)}.{segment(payload)}"
    return f"{signing_input}.{signature(signing_input, secret, algorithm)}"


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a valid session of user 7; a change to ``...`` leaves a claim out."""
    usual = {"user": 7, "aud": PURPOSE, "iat": int(NOW) - 60, "exp": int(NOW) + 3600}
    return {name: value for name, value in {**usual, **changes}.items() if value is not ...}


def with_header(**changes: Any) -> str:
    """Return a token that is valid but for its header."""
    return token(claims(), {**HEADER, **changes})


def cut(part: int) -> str:
    """Return a valid token of which one part is empty."""
    parts = token(claims()).split(".")
    parts[part] = ""
    return ".".join(parts)


VALID = token(claims())
UNSIGNED = f"{segment({'alg': 'none', 'typ': 'JWT'})}.{segment(claims())}."

HEADERS: Mapping[str, str] = {
    "alg none, unsigned": UNSIGNED,
    "alg none, signed": with_header(alg="none"),
    "alg None, unsigned": UNSIGNED.replace(segment({"alg": "none", "typ": "JWT"}), segment({"alg": "None"})),
    "alg None, signed": with_header(alg="None"),
    "alg NONE": with_header(alg="NONE"),
    "alg null": with_header(alg=None),
    "alg empty": with_header(alg=""),
    "alg missing": token(claims(), {"typ": "JWT"}),
    "alg a list": with_header(alg=["HS256"]),
    "alg a dict": with_header(alg={"HS256": 1}),
    "alg a number": with_header(alg=256),
    "alg hs256": with_header(alg="hs256"),
    "HS512, rightly signed": token(claims(), {"alg": "HS512", "typ": "JWT"}, algorithm="HS512"),
    "HS384, rightly signed": token(claims(), {"alg": "HS384", "typ": "JWT"}, algorithm="HS384"),
    "HS256 signed as HS512": token(claims(), algorithm="HS512"),
    "RS256 with the HMAC secret": with_header(alg="RS256"),
    "ES256": with_header(alg="ES256"),
    "EdDSA": with_header(alg="EdDSA"),
    "unknown alg": with_header(alg="HS999"),
    "crit": with_header(crit=["exp"]),
    "crit empty": with_header(crit=[]),
    "crit not a list": with_header(crit="exp"),
    "crit b64": with_header(crit=["b64"], b64=True),
    "b64 false": token(claims(), {**HEADER, "crit": ["b64"], "b64": False}),
    "b64 false, detached": f"{segment({**HEADER, 'crit': ['b64'], 'b64': False})}..{signature('.')}",
    "kid": with_header(kid="1"),
    "kid a path": with_header(kid="../../../../dev/null"),
    "kid SQL": with_header(kid="' OR 1=1 --"),
    "kid not text": with_header(kid={"a": 1}),
    "jwk": with_header(jwk={"kty": "oct", "k": segment(OTHER)}),
    "jwk, signed with it": token(claims(), {**HEADER, "jwk": {"kty": "oct", "k": segment(OTHER)}}, OTHER),
    "jku": with_header(jku="https://evil.example/keys"),
    "x5u": with_header(x5u="https://evil.example/cert"),
    "zip": with_header(zip="DEF"),
    "typ missing": token(claims(), {"alg": "HS256"}),
    "typ of something else": with_header(typ="at+jwt"),
    "header a list": token(claims(), [HEADER]),
    "header null": token(claims(), b"null"),
    "header not JSON": token(claims(), b"{"),
    "header not UTF-8": token(claims(), b'{"alg":"HS256","typ":"JWT\xff"}'),
    "header nested deeply": token(claims(), b'{"alg":"HS256","typ":' + b"[" * 3000),
}

TIMES: Mapping[str, str] = {
    "exp past": token(claims(exp=int(NOW) - 1)),
    "exp now": token(claims(exp=int(NOW))),
    "exp missing": token(claims(exp=...)),
    "exp null": token(claims(exp=None)),
    "exp a string": token(claims(exp=str(int(NOW) + 60))),
    "exp true": token(claims(exp=True)),
    "exp a list": token(claims(exp=[int(NOW) + 60])),
    "exp NaN": token(claims(exp=float("nan"))),
    "exp negative": token(claims(exp=-1)),
    "nbf in the future": token(claims(nbf=int(NOW) + 60)),
    "nbf a string": token(claims(nbf="0")),
    "nbf null": token(claims(nbf=None)),
    "nbf NaN": token(claims(nbf=float("nan"))),
    "iat in the future": token(claims(iat=int(NOW) + 60)),
    "iat missing": token(claims(iat=...)),
    "iat null": token(claims(iat=None)),
    "iat a string": token(claims(iat=str(int(NOW) - 60))),
    "iat 1e18": token(claims(iat=1e18)),
    "iat of 400 digits": token(claims(iat=10**400)),
    "iat of 5000 digits": token(b'{"aud":"session/session","exp":1800003600,"iat":' + b"9" * 5000 + b"}"),
    "iat negative": token(claims(iat=-1)),
    "iat NaN": token(claims(iat=float("nan"))),
    "iat -Infinity": token(claims(iat=float("-inf"))),
    "iat true": token(claims(iat=True)),
}

GARBAGE: Mapping[str, str] = {
    "empty": "",
    "a word": "garbage",
    "1 dot": ".".join(VALID.split(".")[:2]),
    "2 dots alone": "..",
    "2 dots around words": "a.b.c",
    "4 dots": VALID + ".x.y",
    "3 dots": VALID + ".",
    "100 dots": "." * 100,
    "100 kB": "A" * 100_000,
    "100 kB with dots": ".".join(["A" * 33_333] * 3),
    "100 kB, rightly signed": token(claims(text="x" * 100_000)),
    "no header": cut(0),
    "no payload": cut(1),
    "no signature": cut(2),
    "another secret's": token(claims(), secret=OTHER),
    "signature cut": VALID[:-2],
    "signature longer": VALID + "AAAA",
    "last character changed": VALID[:-3] + ("A" if VALID[-3] != "A" else "B") + VALID[-2:],
    "payload changed": VALID.split(".")[0] + "." + segment(claims(user=8)) + "." + VALID.split(".")[2],
    "padded": VALID + "==",
    "spaces": VALID.replace(".", ". "),
    "a percent sign": "%" + VALID,
    "payload a list": token([claims()]),
    "payload text": token("user 7"),
    "payload a number": token(7),
    "payload null": token(b"null"),
    "payload empty": token(b""),
    "payload not JSON": token(b'{"user": 7'),
    "payload not UTF-8": token(b'{"user": "\xff"}'),
    "payload nested deeply": token(b"[" * 3000),
}

PURPOSES: Mapping[str, str] = {
    "another purpose": token(claims(aud="confirm-email")),
    "no purpose": token(claims(aud=...)),
    "purpose null": token(claims(aud=None)),
    "purpose in capitals": token(claims(aud=PURPOSE.title())),
    "purpose in a list": token(claims(aud=[PURPOSE, "confirm-email"])),
    "another cookie's": token(claims(aud="session/admin")),
    "purpose without a cookie": token(claims(aud="session")),
    "purpose a number": token(claims(aud=1)),
}

HOSTILE: Mapping[str, str] = {**HEADERS, **TIMES, **GARBAGE, **PURPOSES}
