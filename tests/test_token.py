"""Hold the tokens: what is signed comes back, and of all else nothing, however it is made."""

import base64
import builtins
import json
import math

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa.errors import SetupError
from spa.token import LEEWAY, LONGEST_TOKEN, TokenSigner
from tests import forge
from tests.forge import HOSTILE, NOW, OTHER, PURPOSE, SECRET, claims, token

PEM = f"-----BEGIN PUBLIC KEY-----\n{'MFwwDQYJKoZIhvcNAQEBBQAD' * 2}\n-----END PUBLIC KEY-----\n"


def signer(secret=SECRET, purpose=PURPOSE, max_age=3600, now=NOW) -> TokenSigner:
    return TokenSigner(secret, purpose, max_age=max_age, clock=lambda: now)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"user": 7},
        {"sub": 7, "jti": 8, "iss": ["a"]},
        {"a": [1, 2.5, None, True, {"b": "ä€😀"}]},
        {"": "", "ключ": "\x00\n"},
    ],
)
def test_what_is_signed_is_read_back(value):
    assert signer().read(signer().sign(value)) == value


def test_a_token_is_a_json_web_token_that_others_can_read():
    value = jwt.decode(
        TokenSigner(SECRET, PURPOSE, max_age=3600).sign({"user": 7}), SECRET, ["HS256"], audience=PURPOSE
    )
    assert value["user"] == 7
    assert value["exp"] - value["iat"] in (3600, 3601)


def test_a_token_of_another_library_is_read():
    assert signer().read(jwt.encode(claims(), SECRET, "HS256")) == {"user": 7}
    assert signer().read(forge.VALID) == {"user": 7}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_token_that_is_not_valid_is_none(hostile):
    assert signer().read(hostile) is None
    assert signer().verify(hostile) is None


@pytest.mark.parametrize("value", [None, 7, b"a.b.c", forge.VALID.encode(), ["a"], "ä.ö.ü", "\ud800.b.c", "é" * 9])
def test_what_is_no_ascii_text_is_no_token(value):
    assert signer().read(value) is None


@given(st.text() | st.lists(st.binary(max_size=30)).map(lambda parts: ".".join(map(forge.segment, parts))))
def test_no_text_makes_reading_raise(text):
    assert signer().read(text) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from(["alg", "typ", "crit", "kid", "b64", "jwk"]), JSON), JSON)
def test_no_header_or_payload_makes_reading_raise(header, payload):
    assert signer().read(token(payload, header)) is None


@given(st.dictionaries(st.sampled_from(["exp", "iat", "nbf", "aud"]), JSON))
def test_no_claim_makes_reading_raise(changed):
    signer().read(token(claims(**changed)))


@pytest.mark.parametrize(("age", "is_valid"), [(0, True), (3599, True), (3600, False), (10**9, False)])
def test_a_token_expires_after_its_max_age(age, is_valid):
    signed = signer().sign({"user": 7})
    assert (signer(now=NOW + age).read(signed) is not None) is is_valid


@pytest.mark.parametrize("name", ["iat", "nbf"])
@pytest.mark.parametrize(("ahead", "is_valid"), [(0, True), (LEEWAY, True), (LEEWAY + 1, False)])
def test_another_machines_clock_may_be_a_little_ahead(name, ahead, is_valid):
    assert (signer().read(token(claims(**{name: NOW + ahead}))) is not None) is is_valid


def test_what_is_read_of_another_librarys_token_can_be_signed_again():
    read = signer().read(token(claims(nbf=int(NOW), sub=7, jti=8, iss=["a"])))
    assert read == {"user": 7, "sub": 7, "jti": 8, "iss": ["a"]}
    assert signer().read(signer().sign(read)) == read


def test_a_token_of_half_a_second_lives_for_half_a_second():
    signed = signer(max_age=0.5).sign({})
    assert signer(now=NOW + 0.4).read(signed) == {}


def test_verifying_tells_when_a_token_was_made_and_when_it_ends():
    assert signer().verify(signer().sign({"user": 7})) == ({"user": 7}, NOW, NOW + 3600)


def test_the_first_of_several_secrets_signs_and_all_verify():
    old, new = signer(SECRET).sign({"by": "old"}), signer([OTHER, SECRET]).sign({"by": "new"})
    assert signer([OTHER, SECRET]).read(old) == {"by": "old"}
    assert signer([OTHER, SECRET]).read(new) == signer(OTHER).read(new) == {"by": "new"}
    assert signer(SECRET).read(new) is None
    assert signer(OTHER).read(old) is None


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_no_hostile_token_passes_by_a_second_secret(hostile):
    assert signer([b"a third secret of at least 32 bytes", SECRET]).read(hostile) is None


def test_a_token_for_another_purpose_is_refused():
    signed = signer(purpose="confirm-email").sign({"user": 7})
    assert signer(purpose="confirm-email").read(signed) == {"user": 7}
    assert signer(purpose=PURPOSE).read(signed) is None
    assert signer(purpose="confirm").read(signed) is None


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        (None, "str or bytes, not NoneType"),
        ("", "at least 32 bytes, not 0"),
        (b"", "at least 32 bytes, not 0"),
        ("x" * 31, "at least 32 bytes, not 31"),
        (b"x" * 31, "at least 32 bytes, not 31"),
        ("ä" * 15, "at least 32 bytes, not 30"),
        (7, "str or bytes, not int"),
        ({"a": 1}, "str or bytes, not dict"),
        ([], "at least one"),
        ((), "at least one"),
        ([SECRET, "short"], "at least 32 bytes, not 5"),
        ([SECRET, None], "str or bytes, not NoneType"),
        (PEM, "random bytes"),
    ],
)
def test_a_bad_secret_is_a_mistake_in_the_set_up(secret, message):
    with pytest.raises(SetupError, match=message):
        signer(secret)


def test_a_message_about_a_secret_names_the_fix_and_not_the_secret():
    with pytest.raises(SetupError) as caught:
        signer("hunter2")
    assert "secrets.token_hex(32)" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("secret", ["x" * 32, b"x" * 32, "ä" * 16, [SECRET], (SECRET, OTHER)])
def test_a_secret_of_32_bytes_will_do(secret):
    assert signer(secret).read(signer(secret).sign({"user": 7})) == {"user": 7}


@pytest.mark.parametrize("max_age", [0, -1, math.inf, math.nan, None, "3600"])
def test_a_max_age_is_a_positive_number(max_age):
    with pytest.raises(SetupError, match="positive number of seconds"):
        signer(max_age=max_age)


@pytest.mark.parametrize("purpose", ["", None])
def test_a_purpose_is_needed(purpose):
    with pytest.raises(SetupError, match="purpose"):
        signer(purpose=purpose)


@pytest.mark.parametrize("name", ["aud", "exp", "iat", "nbf"])
def test_the_tokens_own_names_are_not_free(name):
    with pytest.raises(ValueError, match=f"'{name}'"):
        signer().sign({name: 1})


@pytest.mark.parametrize(("value", "error"), [(math.nan, ValueError), (math.inf, ValueError), (object(), TypeError)])
def test_what_json_cannot_say_is_not_signed(value, error):
    with pytest.raises(error) as caught:
        signer().sign({"user": 7, "value": value})
    assert caught.value.__notes__ == ["JSON has no such value as that of 'value': keep text or a number in its place."]


def test_a_token_that_would_not_be_read_is_not_made():
    with pytest.raises(ValueError, match=f"{LONGEST_TOKEN} are the most"):
        signer().sign({"text": "x" * LONGEST_TOKEN})


def test_a_signature_is_over_the_text_as_sent():
    head, payload, mac = signer().sign({"user": 7}).split(".")
    assert mac == forge.signature(f"{head}.{payload}")
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"alg": "HS256", "typ": "JWT"}


def test_without_pyjwt_the_message_says_what_to_install(monkeypatch):
    original = builtins.__import__

    def refuse(name, *arguments):
        if name == "jwt":
            raise ImportError(name)
        return original(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(SetupError, match=r"pip install 'spa\[jwt\]'"):
        signer()
