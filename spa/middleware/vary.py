"""Name in Vary what an answer depends on."""

from werkzeug.http import parse_set_header

Headers = list[tuple[str, str]]


def varies_on(headers: Headers, field: str) -> bool:
    """Tell whether the answer says already that it depends on a field of the request, or on everything (``*``)."""
    values = [parse_set_header(value) for name, value in headers if name.lower() == "vary"]
    return any(field in names or "*" in names for names in values)


def add_vary(headers: Headers, field: str) -> None:
    """Say that the answer depends on a field of the request (RFC 9110 section 12.5.5), once, in the Vary there is."""
    if varies_on(headers, field):
        return
    for index, (name, value) in enumerate(headers):
        if name.lower() == "vary":
            headers[index] = (name, f"{value}, {field}" if value.strip() else field)
            return
    headers.append(("Vary", field))
