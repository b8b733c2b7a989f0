"""Tell in which encoding a stylesheet is written."""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE

DECLARATION = re.compile(rb'@charset "([^"]{1,64})";')  # in these very bytes (CSS Syntax section 3.2)

# Python's names of encodings by their labels on the web (Encoding Standard section 4.2): the labels in use.
CODECS = {
    **{f"iso-8859-{number}": f"iso8859_{number}" for number in range(2, 17) if number != 12},
    **{f"iso8859-{number}": f"iso8859_{number}" for number in range(2, 17) if number != 12},
    **{f"{start}{number}": f"cp{number}" for start in ("windows-", "cp", "x-cp") for number in range(1250, 1259)},
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "l1", "ascii", "us-ascii", "cp819"), "cp1252"),
    **dict.fromkeys(("iso-8859-9", "iso8859-9", "latin5"), "cp1254"),
    **dict.fromkeys(("iso-8859-11", "iso8859-11", "windows-874", "tis-620"), "cp874"),
    **dict.fromkeys(("euc-kr", "korean", "ks_c_5601-1987", "windows-949"), "cp949"),
    **dict.fromkeys(("euc-jp", "x-euc-jp"), "euc_jp"),
    **dict(zip(("koi8-r", "koi8-u", "macintosh", "ibm866"), ("koi8_r", "koi8_u", "mac_roman", "cp866"), strict=True)),
}
# Labels of Shift_JIS, GBK, GB18030, Big5 and ISO-2022-JP: there a byte of ASCII may be a part of another character, a
# backslash or a quote among them.
MIXED = frozenset(
    {
        *("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "ms932", "csshiftjis", "windows-31j"),
        *("gbk", "x-gbk", "gb2312", "gb_2312", "gb_2312-80", "csgb2312", "chinese", "csiso58gb231280", "iso-ir-58"),
        *("gb18030", "big5", "big5-hkscs", "cn-big5", "csbig5", "x-x-big5", "iso-2022-jp", "csiso2022jp"),
    }
)


def is_utf8(data: bytes) -> bool:
    """Tell whether these bytes are text in UTF-8."""
    if b"\x1b" in data and _label(data) in MIXED:
        return False  # ISO-2022-JP is written in bytes of ASCII, between escape sequences
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def encoding(css: bytes) -> str | None:
    """Return Python's name of the encoding, as a browser guesses it that is not told by a header.

    That is UTF-8 unless ``@charset`` says otherwise; a stylesheet that is UTF-8 is served with ``charset=utf-8``, which
    beats ``@charset`` (CSS Syntax section 3.2). None stands for an encoding in which bytes of ASCII need not be
    characters of ASCII.
    """
    if is_utf8(css):
        return "utf-8"
    label = _label(css)
    if label in MIXED or css.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return None
    return CODECS.get(label, "utf-8")


def _label(css: bytes) -> str:
    """Return what ``@charset`` says, empty if there is none."""
    match = DECLARATION.match(css)
    return match[1].decode("latin-1").strip("\t\n\f\r ").lower() if match else ""
