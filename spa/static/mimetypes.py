"""Name the media type of a file, the same on every machine.

The table of the operating system is never asked: there ``.js`` is ``text/plain`` on one machine, ``.woff2`` is
unknown on another, and a file that is gzip by itself gets a Content-Encoding. Types are those of IANA's registry,
and for JavaScript, fonts and images those of the WHATWG MIME Sniffing standard where the registry has several.
"""

UNKNOWN = "application/octet-stream"  # a browser saves it, and under nosniff never runs or renders it

# Media type: the extensions that mean it.
EXTENSIONS = {
    # What a page is made of.
    "text/html": "html htm",
    "text/css": "css",
    "text/javascript": "js mjs cjs",  # RFC 9239
    "application/json": "json map",  # a source map is JSON (ECMA-426)
    "application/manifest+json": "webmanifest",
    "application/importmap+json": "importmap",
    "application/ld+json": "jsonld",
    "application/geo+json": "geojson",
    "application/wasm": "wasm",
    "application/xhtml+xml": "xhtml xht",
    "application/xml": "xml xsd",
    "application/xslt+xml": "xsl xslt",
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    # Text.
    "text/plain": "txt text log",
    "text/markdown": "md markdown",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "text/calendar": "ics",
    "text/vcard": "vcf",
    "text/vtt": "vtt",
    "text/x-rst": "rst",
    "application/x-subrip": "srt",
    "application/yaml": "yaml yml",  # RFC 9512: no charset, always UTF-8
    "application/toml": "toml",
    "application/x-ndjson": "ndjson",
    # Fonts.
    "font/woff2": "woff2",
    "font/woff": "woff",
    "font/ttf": "ttf",
    "font/otf": "otf",
    "font/collection": "ttc",
    "application/vnd.ms-fontobject": "eot",
    # Images.
    "image/svg+xml": "svg",
    "image/png": "png",
    "image/apng": "apng",
    "image/jpeg": "jpg jpeg jpe jfif",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/jxl": "jxl",
    "image/heic": "heic",
    "image/vnd.microsoft.icon": "ico cur",
    "image/bmp": "bmp",
    "image/tiff": "tif tiff",
    # Sound and film.
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg oga opus",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/aac": "aac",
    "audio/mp4": "m4a",
    "audio/webm": "weba",
    "audio/midi": "mid midi",
    "video/mp4": "mp4 m4v",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/quicktime": "mov",
    "video/mpeg": "mpg mpeg",
    "video/matroska": "mkv",  # RFC 9559
    "video/x-msvideo": "avi",
    "video/mp2t": "ts",  # a segment of a stream: browsers play those, while TypeScript they cannot run
    "application/vnd.apple.mpegurl": "m3u8",
    "application/dash+xml": "mpd",
    # Scenes.
    "model/gltf-binary": "glb",
    "model/gltf+json": "gltf",
    "model/stl": "stl",
    # Documents.
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    "application/epub+zip": "epub",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    # Archives: each is its own type, not an encoding of what is in it, so ``a.tar.gz`` arrives as it is.
    "application/zip": "zip",
    "application/gzip": "gz tgz svgz",
    "application/zstd": "zst",
    "application/x-brotli": "br",  # no type is registered for it
    "application/x-tar": "tar",
    "application/x-bzip2": "bz2",
    "application/x-xz": "xz",
    "application/x-7z-compressed": "7z",
    "application/vnd.rar": "rar",
}
TYPES = {extension: kind for kind, extensions in EXTENSIONS.items() for extension in extensions.split()}
# Files whose whole name stands for their type: Apple's associated domains.
NAMES = {"apple-app-site-association": "application/json"}


def type_of(name: str, charset: str | None = "utf-8") -> str:
    """Return the Content-Type of a file, judged by its name alone.

    A type that is text carries the charset: ``text/*`` and XML (RFC 7303 section 3). JSON carries none, in any of
    its forms: RFC 8259 section 11 defines no such parameter, since JSON is UTF-8.

    Args:
        name: the name of the file, or its path with ``/``. The extension may be in upper case.
        charset: the encoding of the file; None where it is not known, so that none is claimed.

    Returns:
        ``text/css; charset=utf-8``, ``font/woff2``; ``application/octet-stream`` for what is not in the table.
    """
    base = name.rpartition("/")[2]
    stem, _, extension = base.rpartition(".")
    # A name of only an extension (.html) has none: the dot there marks a hidden file.
    kind = TYPES.get(extension.lower(), UNKNOWN) if stem else NAMES.get(base, UNKNOWN)
    return f"{kind}; charset={charset}" if charset and _is_text(kind) else kind


def _is_text(kind: str) -> bool:
    return kind.startswith("text/") or kind == "application/xml" or kind.endswith("+xml")
