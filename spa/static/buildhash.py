"""Tell whether a build tool has put the hash of a file's content into its name.

Such a file never changes, so caches may keep it for ever. A file that only looks so would be kept for ever as well,
out of date; a hash that goes unseen costs no more than a question per visit. So what could be words is not a hash.
"""

import re

CODE = r"[cm]?js|css|json|wasm"
MEDIA = r"png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|otf|eot|mp[34]|m4a|ogg|opus|wav|web[am]|flac|vtt|glb|gltf"
NAME = re.compile(
    rf"(?P<stem>.+?)(?:\.(?:chunk|bundle|min|module|worker|entry|async))*\.(?:(?P<code>{CODE})|{MEDIA})(?:\.map)?"
)
LENGTH = 8  # characters of the hash of Vite, Rollup, esbuild and Angular
BASE32 = re.compile(r"(?=.*[A-Z])[A-Z0-9]{8}")
BASE64 = re.compile(r"(?=.*[a-z])(?=.+[A-Z])[A-Za-z0-9_-]{8}")  # a capital in front is a word's; 1.5 % have no other
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
BEGINS_LIKE_WORD = re.compile(r"[A-Z]+$|[0-9]|(?i:[aeiouy]|[a-z][hlrwkmnpct]?[lr]?[aeiouy])")


def carries_build_hash(path: str) -> bool:
    """Tell whether the name of a file carries the hash of its content, as build tools write it.

    Known are ``index-DiwrgTda.js`` (Vite, Rollup), ``main.8e0d62a03.js`` (webpack, Parcel, Rspack) and
    ``app-ABCD1234.js`` (esbuild, Angular), also before ``.chunk.js``, ``.min.css`` or ``.js.map``. Pages never do.
    """
    found = NAME.fullmatch(path.rpartition("/")[2])
    if found is None:
        return False
    stem = found["stem"]
    if _ends_in_hex(stem):
        return True
    if len(stem) < LENGTH + 2 or stem[-LENGTH - 1] not in ".-":
        return False
    text = stem[-LENGTH:]
    if BASE32.fullmatch(text):
        # README-OVERVIEW.png, COVER-CHAPTER1.jpg: names in capitals are common for media, not for code.
        return found["code"] is not None or re.search(r"\d.*[A-Z]", text) is not None
    return BASE64.fullmatch(text) is not None and not _could_be_words(text)


def _ends_in_hex(stem: str) -> bool:
    """Tell whether hex digits end the stem; a date has no letters, a word no digits."""
    text = re.split(r"[.-]", stem)[-1]
    is_long_enough = len(text) >= (LENGTH if text != stem else 2 * LENGTH)  # webpack's assets have no other name
    return is_long_enough and re.fullmatch(r"(?=.*\d)(?=.*[a-f])[0-9a-f]{8,64}", text) is not None


def _could_be_words(text: str) -> bool:
    """Tell whether this could be DataGrid, iPhone15 or JSONView: few parts, each of which begins as words do."""
    parts = PART.findall(text)
    return len(parts) <= 3 and all(BEGINS_LIKE_WORD.match(part) for part in parts)
