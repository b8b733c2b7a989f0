"""Find the URLs in a stylesheet and replace them.

This is a scanner, not a parser: it takes the stylesheet apart into tokens exactly where that decides what is a URL
(CSS Syntax level 3 section 4), and skips all else in C. Everything is consumed by possessive patterns and nothing is
looked at again, so the time is linear in the size whatever the bytes are. It works on bytes: those that are not ASCII
count as letters in every encoding in which those of ASCII are always ASCII; others are left alone.
"""

import re
from collections.abc import Iterable

from spa.static import charset
from spa.static.reference import Form, Reference, splice

NAME = rb"[A-Za-z0-9_\x00\x80-\xff-]"  # NUL becomes U+FFFD, a letter like all that is not ASCII (section 3.3)
SPACE = rb"[ \t\n\r\f]"
HEX = rb"[0-9A-Fa-f]{1,6}+(?:\r\n|[ \t\n\r\f])?+"  # one space or line end belongs to the escape (section 4.3.7)
ESCAPED = rb"(?:" + HEX + rb"|[^\n\r\f]|\Z)"  # what may follow a backslash in a name
NAME_REST = rb"(?:" + NAME + rb"++|\\" + ESCAPED + rb")*+"
IN_STRING = rb"[^%s\\\n\r\f]*+(?:\\(?:" + HEX + rb"|\r\n|[\x00-\xff])?+[^%s\\\n\r\f]*+)*+"
IN_DOUBLE, IN_SINGLE = IN_STRING % (b'"', b'"'), IN_STRING % (b"'", b"'")
COMMENT = rb"/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/"
DULL_COMMENT = rb"/\*(?![#@])[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)"  # names no source map
# What may follow a string or comment and is not worth a stop of its own; never the beginning of a name.
DULL = (
    rb"(?:[^(@\\\"'/]++(?=[\"'/])|/(?!\*)|\"" + IN_DOUBLE + rb"\"?+|'" + IN_SINGLE + rb"'?+|" + DULL_COMMENT + rb")*+"
)
ESCAPES = rb"\\(?:" + ESCAPED + NAME_REST + rb"(?P<call>\()?)?+"
CLOSED = rb"(?:\"" + IN_DOUBLE + rb"\"|'" + IN_SINGLE + rb"')"
PLAIN_URL = rb"[^\"'()\\\x00-\x20\x7f]*+"
CALL = rb"\((?<=(?i:%s)\()(?<![A-Za-z0-9_\x00\x80-\xff#@-](?i:%s)\()"  # the name ends here and begins there

# Where to stop in plain text. Each alternative begins with one literal byte: so the search leaps to the next of these
# six bytes in C, and tries nothing in between. What is written in the plainest way has a group and is read at once.
STOP = re.compile(
    CALL % (b"url", b"url") + SPACE + rb"*+(?P<string>" + CLOSED + rb")"
    rb"|" + CALL % (b"url", b"url") + SPACE + rb"*+(?P<url>" + PLAIN_URL + rb")" + SPACE + rb"*+\)"
    rb"|" + CALL % (b"image-set", b"image-set") + rb"(?P<images>)"
    rb"|\((?<=[uUsS][rReE][lLcCtT]\()"  # after "url", "src", "image-set" and little else
    rb"|@(?i:import)" + SPACE + rb"*+(?P<imported>" + CLOSED + rb")"
    rb"|@(?i:import|namespace|(?:-moz-)?document)(?!" + NAME + rb"|\\)"
    rb"|@" + NAME + rb"*+\\"
    rb"|\"" + IN_DOUBLE + rb"\"?+" + DULL + rb"|'" + IN_SINGLE + rb"'?+" + DULL
    + rb"|" + DULL_COMMENT + DULL + rb"|/\*|" + ESCAPES
)  # fmt: skip
# Where to stop within image-set() and the preludes below: brackets count there too, and at-rules do not.
STOP_INSIDE = re.compile(
    CALL % (b"image-set", b"image-set") + rb"(?P<images>)|\((?<=[uUsS][rReE][lLcCtT]\()"
    rb"|(?P<open>[(\[{])|(?P<close>[)\]};])|\"|'|/\*|" + ESCAPES
)  # fmt: skip
WHOLE_NAME = re.compile(NAME_REST)
# The groups are the insides and the ends: a string that has neither end is bad (section 4.3.5).
STRING = rb"(?:\"(" + IN_DOUBLE + rb")(\"|\Z)?+|'(" + IN_SINGLE + rb")('|\Z)?+)"
QUOTED = re.compile(SPACE + rb"*+" + STRING)
COMMENTED = re.compile(rb"(?:" + SPACE + rb"++|" + COMMENT + rb")*+" + STRING)
UNQUOTED = re.compile(
    SPACE + rb"*+((?:[^\"'()\\ \t\n\r\f\x01-\x08\x0b\x0e-\x1f\x7f]++|\\" + ESCAPED + rb")*+)" + SPACE + rb"*+(?:\)|\Z)"
)
BAD_URL = re.compile(rb"(?:[^)\\]++|\\[\x00-\xff]?+)*+\)?+")
SOURCE_MAP = re.compile(rb"[#@]\s*+sourceMappingURL=\s*+([^\s\"']++)\s*+")  # ECMA-426 section 11.1.2
# How the keyword of an @import may end: an escape, and then the space that belongs to it.
KEYWORD_END = re.compile(rb"[tT]\Z|\\[0-9A-Fa-f]{1,6}(?:\r\n|[ \t\n\r\f])?\Z")
ESCAPE = re.compile(r"\\(?:([0-9A-Fa-f]{1,6})(?:\r\n|[ \t\n\r\f])?|(\r\n|[\n\r\f])|(.?))", re.DOTALL)
UNSAFE = re.compile(r'["\\\x00-\x1f\x7f]')
UNSAFE_IN_COMMENT = re.compile(r"[\x00-\x20\x7f\"']|(?<=\*)/")

NAME_BYTES = bytes(byte for byte in range(256) if re.match(NAME, bytes([byte])))
IMAGE_SETS = frozenset({b"image-set", b"-webkit-image-set"})
# At-rules with URLs before their block that name no file to load: a namespace, and patterns for the page's address.
PRELUDES = frozenset({b"namespace", b"document", b"-moz-document"})
LONGEST_NAME = 22  # one more than "<!---webkit-image-set" has: a longer name is none of ours

PRELUDE, IMAGE_SET = b"prelude", b"image-set"
CLOSERS = {b"(": b")", IMAGE_SET: b")", b"[": b"]", b"{": b"}"}

Span = tuple[int, int, bytes, Form]


def find(css: bytes) -> list[Reference]:
    """Find the URLs in a stylesheet, in order.

    These are ``url()``, ``src()``, ``@import``, the strings of ``image-set()`` and the last source map comment; not
    the URLs of ``@namespace`` and ``@-moz-document``, which are never loaded. None are found in an encoding in
    which a byte of ASCII may be a part of another character.
    """
    encoding = charset.encoding(css)
    if encoding is None:
        return []
    scanner = _Scanner(css)
    scanner.scan()
    found = []
    for start, end, raw, form in sorted(scanner.spans + scanner.source_map):
        url = raw.decode(encoding, "surrogateescape")
        if form != "raw" and ("\\" in url or "\0" in url):
            url = _unescape(url, at_end="" if css[start] in b"\"'" else "\ufffd")
        found.append(Reference(start, end, url, form))
    return found


def replace(css: bytes, replacements: Iterable[tuple[Reference, str]]) -> bytes:
    """Write new URLs over found ones; every other byte stays as it was.

    They are written as quoted strings, in the stylesheet's encoding. ``url(x)`` and ``@import "x"`` become
    ``url("...")``, after a space where the string followed its keyword at once.
    """
    replacements = list(replacements)
    encoding = charset.encoding(css) or "utf-8"
    return splice(css, [(found, _gap(css, found) + _write(url, found.form, encoding)) for found, url in replacements])


class _Scanner:
    """Go through a stylesheet once and note the spans of its URLs."""

    __slots__ = ("blocks", "css", "pos", "source_map", "spans")

    def __init__(self, css: bytes) -> None:
        self.css = css
        self.pos = 3 if css.startswith(b"\xef\xbb\xbf") else 0  # a byte order mark is no part of the first name
        self.spans: list[Span] = []
        self.source_map: list[Span] = []
        self.blocks: list[bytes] = []  # the open brackets, from the image-set() or the prelude on that made them count

    def scan(self) -> None:
        """Stop at each token that matters and read it; ``pos`` is the end of what has been consumed."""
        read = {b"(": self.function, b"@": self.at_rule, b"\\": self.escape, b"/": self.comment}
        read |= {b'"': self.string, b"'": self.string}
        css, note = self.css, self.spans.append
        while match := (STOP_INSIDE if self.blocks else STOP).search(css, self.pos):
            kind = match.lastgroup
            if kind is None or kind == "call":
                start = match.start()
                read[css[start : start + 1]](match)
                continue
            self.pos = match.end()
            if kind == "open":
                self.open(match[0])
            elif kind == "close":
                self.close(match[0])
            elif kind == "images":
                self.blocks.append(b"(" if self.blocks[:1] == [PRELUDE] else IMAGE_SET)
            elif kind == "url":
                note((match.start() - 3, self.pos, match[kind], "url"))
            else:
                start, end = match.span(kind)
                note((start, end, css[start + 1 : end - 1], "string" if kind == "string" else "url"))

    def comment(self, match: re.Match[bytes]) -> None:
        """Consume a comment, which may name the source map: the last one does."""
        start, self.pos = match.span()
        if self.pos > start + 2:
            return  # it is dull, and has been consumed
        close = self.css.find(b"*/", self.pos)
        end = close if close >= 0 else len(self.css)
        if named := SOURCE_MAP.fullmatch(self.css, self.pos, end):
            self.source_map = [(*named.span(1), named[1], "raw")]
        self.pos = min(end + 2, len(self.css))

    def string(self, match: re.Match[bytes]) -> None:
        """Consume strings; directly within image-set() each is a URL."""
        if not self.blocks or not self._url(QUOTED, match.start(), "string", is_url=self.blocks[-1] == IMAGE_SET):
            self.pos = match.end()

    def at_rule(self, match: re.Match[bytes]) -> None:
        """Consume an at-keyword, and the string after @import; a prelude may begin in which nothing is a URL."""
        start = match.start() + 1
        name = WHOLE_NAME.match(self.css, start)
        self.pos = name.end() if name else start
        keyword = _lower(self.css[start : self.pos])
        if keyword == b"import":
            self._url(COMMENTED, self.pos, "url")
        elif keyword in PRELUDES:
            self.blocks.append(PRELUDE)
        elif self.css.startswith(b"(", self.pos):
            self.pos += 1  # what ends here is no function name, though after an escape it may look like one

    def escape(self, match: re.Match[bytes]) -> None:
        """Consume the rest of a name from its first escape on, and what it calls."""
        if match.lastgroup:
            self.function(match)
        else:
            self.pos = match.end()

    def function(self, match: re.Match[bytes]) -> None:
        """Consume a function name, its bracket, and the URL that may come next."""
        start, end = match.span()
        start = self._name_start(start)
        name = _lower(self.css[start : end - 1])
        self.pos = end
        is_loaded = not self.blocks or self.blocks[0] != PRELUDE
        if name == b"url" and not self._url(QUOTED, end, "string", is_url=is_loaded):
            self._unquoted(start, is_loaded)
            return
        if name == b"src":
            self._url(COMMENTED, end, "string", is_url=is_loaded)
        is_image_set = is_loaded and name in IMAGE_SETS
        if is_image_set or self.blocks:
            self.blocks.append(IMAGE_SET if is_image_set else b"(")

    def open(self, bracket: bytes) -> None:
        """Note an opening bracket; a prelude ends where its block begins."""
        if self.blocks[-1] == PRELUDE and bracket == b"{":
            self.blocks.pop()
        else:
            self.blocks.append(bracket)

    def close(self, bracket: bytes) -> None:
        """Close what this bracket fits; one that fits nothing ends a prelude, as does a semicolon."""
        if self.blocks[-1] == PRELUDE or bracket == CLOSERS[self.blocks[-1]]:
            self.blocks.pop()

    def _url(self, pattern: re.Pattern[bytes], pos: int, form: Form, is_url: bool = True) -> bool:
        """Consume the string that comes next, if one does, and note it as a URL if it is one and is not bad."""
        match = pattern.match(self.css, pos)
        if match is None:
            return False
        double, closed_double, single, closed_single = match.groups()
        raw, group = (double, 1) if single is None else (single, 3)
        self.pos = match.end()
        if is_url and (closed_double is not None or closed_single is not None):
            self.spans.append((match.start(group) - 1, self.pos, raw, form))
        return True

    def _unquoted(self, start: int, is_url: bool) -> None:
        """Consume a URL without quotes, or the remnants of a bad one (sections 4.3.6 and 4.3.14)."""
        if match := UNQUOTED.match(self.css, self.pos):
            self.pos = match.end()
            if is_url:
                self.spans.append((start, self.pos, match[1], "url"))
        elif match := BAD_URL.match(self.css, self.pos):
            self.pos = match.end()

    def _name_start(self, end: int) -> int:
        """Go back from the bracket or first escape of a function to the start of its name.

        What is no function name but a hash or an at-keyword begins with its mark instead, and so is no name of ours.
        """
        low = max(self.pos, end - LONGEST_NAME)
        before = self.css[low:end].rstrip(NAME_BYTES)
        start = low + len(before)
        if before.endswith((b"#", b"@")):
            return start - 1
        if before.endswith(b"<!") and self.css.startswith(b"--", start):
            return start + 2  # "<!--" is a token of its own
        return start


def _lower(name: bytes) -> bytes:
    """Take the escapes off a name, and its upper case where it is ASCII."""
    if b"\\" not in name:
        return name.lower()
    return _unescape(name.decode("latin-1"), at_end="\ufffd").encode("utf-8", "surrogateescape").lower()


def _unescape(text: str, at_end: str) -> str:
    """Take the escapes off (section 4.3.7); ``at_end`` stands for a backslash that ends the stylesheet."""

    def unescaped(match: re.Match[str]) -> str:
        if match[1]:
            code = int(match[1], 16)
            return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else "\ufffd"
        return "" if match[2] else match[3] or at_end

    return ESCAPE.sub(unescaped, text).replace("\0", "\ufffd")


def _gap(css: bytes, found: Reference) -> bytes:
    """Return what keeps a keyword and the ``url()`` apart that comes in the place of a string right behind it.

    ``@importurl(`` would be another keyword, and a space at the end of an escape belongs to the escape.
    """
    if found.form != "url" or css[found.start] not in b"\"'":
        return b""
    keyword_end = KEYWORD_END.search(css, max(0, found.start - 9), found.start)  # an escape has nine bytes at most
    if keyword_end is None:
        return b""
    return b" " if keyword_end[0] in b"tT" else b"  "


def _write(url: str, form: Form, encoding: str) -> bytes:
    """Write a URL so that the scanner, and every browser, reads the same one again."""
    if form == "raw":
        text = UNSAFE_IN_COMMENT.sub(lambda match: f"%{ord(match[0]):02X}", url)
    else:
        # A line end or control is written as its number, which a space ends (CSSOM, "serialize a string").
        quoted = UNSAFE.sub(lambda match: f"\\{match[0]}" if match[0] in '"\\' else f"\\{ord(match[0]):x} ", url)
        text = f'url("{quoted}")' if form == "url" else f'"{quoted}"'
    try:
        return text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:  # it was written as an escape because the encoding has no such character
        return "".join(char if char.isascii() else f"\\{ord(char):x} " for char in text).encode()
