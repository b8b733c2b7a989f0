"""In which encoding a stylesheet is written, and in which it cannot be read byte by byte."""

import codecs

import pytest

from spa.static import charset


def declared(label, data=b"\xe9"):
    return b'@charset "' + label.encode() + b'";' + data


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"", "utf-8"),
        ("é".encode(), "utf-8"),
        (b"\xe9", "utf-8"),  # broken, or in the encoding of its page, which nobody here knows
        (declared("latin1"), "cp1252"),
        (declared("ISO-8859-1"), "cp1252"),
        (declared("us-ascii"), "cp1252"),
        (declared("cp1252"), "cp1252"),
        (declared(" windows-1252\t"), "cp1252"),
        (declared("iso-8859-15"), "iso8859_15"),
        (declared("iso-8859-9"), "cp1254"),
        (declared("windows-874"), "cp874"),
        (declared("koi8-r"), "koi8_r"),
        (declared("euc-kr"), "cp949"),
        (declared("nonsense"), "utf-8"),
        (declared("rot13"), "utf-8"),
        (declared("utf-16"), "utf-8"),  # a lie: it would not be readable (CSS Syntax section 3.2)
        (declared("latin1", "é".encode()), "utf-8"),
        (declared("latin1").upper(), "utf-8"),
        (declared("latin1").replace(b'"', b"'"), "utf-8"),
        (b" " + declared("latin1"), "utf-8"),
        (declared("latin1").replace(b'";', b'" ;'), "utf-8"),
        (codecs.BOM_UTF8 + declared("latin1"), "utf-8"),
        # Bytes of ASCII need not be ASCII.
        ("a{}".encode("utf-16"), None),
        (codecs.BOM_UTF16_BE + "a{}".encode("utf-16-be"), None),
        *((declared(label, "ソ".encode(label)), None) for label in ("shift_jis", "GBK", "gb18030", "iso-2022-jp")),
        (declared("big5", "功".encode("big5")), None),
        (declared("shift_jis", b"a{}"), "utf-8"),
        (declared("iso-2022-jp", b"a{}"), "utf-8"),
        (declared("gbk", "ソ".encode()), "utf-8"),
    ],
)
def test_the_encoding_is_utf_8_unless_the_stylesheet_says_otherwise(data, encoding):
    assert charset.encoding(data) == encoding


@pytest.mark.parametrize("codec", sorted({*charset.CODECS.values()}))
def test_python_knows_each_encoding_and_ascii_is_ascii_in_it(codec):
    ascii = bytes(range(128))
    assert ascii.decode(codec) == ascii.decode("ascii")
    for byte in range(128, 256):
        for data in (bytes([byte]), bytes([byte, byte])):
            assert data.decode(codec, "surrogateescape").encode(codec, "surrogateescape") == data


@pytest.mark.parametrize(
    ("data", "is_utf8"),
    [
        (b"", True),
        ("é".encode(), True),
        (b"\xe9", False),
        (b"x = '\x1b[31m'", True),
        (declared("utf-8", b"\x1b"), True),
        (declared("iso-2022-jp", "あ".encode("iso-2022-jp")), False),
        (declared("iso-2022-jp", b"a{}"), True),
    ],
)
def test_bytes_are_utf_8_if_they_are_and_say_nothing_else(data, is_utf8):
    assert charset.is_utf8(data) is is_utf8
