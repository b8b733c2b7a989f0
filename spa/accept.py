"""Weigh the media types that a client accepts."""

import re
from collections.abc import Iterable
from typing import NamedTuple

WEIGHT = re.compile(r"0(\.[0-9]*)?|1(\.0*)?")  # RFC 9110 section 12.4.2, but for the limit of three digits


class Preference(NamedTuple):
    """How much a client wants a media type: the larger, the more.

    Attributes:
        weight: from 0, not at all, to 1.
        precision: how exactly the client has named the type, by one of the numbers below.
    """

    weight: float
    precision: int

    @property
    def is_by_name(self) -> bool:
        """Whether the client wants the type and has named it, rather than all types, or all of its family."""
        return self.weight > 0 and self.precision >= SPECIAL


UNNAMED, ANY, FAMILY, SPECIAL, EXACT = range(5)  # nothing, */*, text/*, text/html;level=1, text/html


def weigh(accept: str, *media_types: str) -> list[Preference]:
    """Weigh media types by an Accept header; the most precise range that covers one counts (RFC 9110 section 12.5.1).

    A range with parameters is for a kind of the type, and counts where the type is not named without. What is
    malformed is passed over.

    It takes a time that grows with the length of the header, and no faster: Werkzeug's MIMEAccept matches with a
    regular expression, which takes seconds for 60,000 spaces.

    Args:
        accept: the value of the header, empty if there was none.
        media_types: without parameters, in lower case.
    """
    weights: dict[str, float] = {}
    for member in accept.lower().split(","):
        name, *parameters = (part.strip(" \t") for part in member.split(";"))
        weight = weight_of(parameters)
        if weight is not None:
            if any(parameter and parameter.partition("=")[0].rstrip(" \t") != "q" for parameter in parameters):
                name += ";"
            weights[name] = max(weight, weights.get(name, weight))
    return [_find(media_type, weights) for media_type in media_types]


def weight_of(parameters: Iterable[str]) -> float | None:
    """Return the weight among parameters in lower case: 1 if there is none, None if it is malformed."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.rstrip(" \t") == "q":
            value = value.strip(" \t")
            return float(value) if WEIGHT.fullmatch(value) else None
    return 1.0


def _find(media_type: str, weights: dict[str, float]) -> Preference:
    family = media_type.partition("/")[0]
    for precision, name in ((EXACT, media_type), (SPECIAL, f"{media_type};"), (FAMILY, f"{family}/*"), (ANY, "*/*")):
        if name in weights:
            return Preference(weights[name], precision)
    return Preference(0.0, UNNAMED)
