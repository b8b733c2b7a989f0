"""Of a body no more is sent than was declared, and it is known when there was less."""

import pytest

from spa.server.length import Length


@pytest.mark.parametrize(
    ("declared", "pieces", "sent", "left", "wrong"),
    [
        ("0", [], [], 0, None),
        ("0", [b""], [b""], 0, None),
        ("5", [b"12345"], [b"12345"], 0, None),
        ("5", [b"12", b"", b"345"], [b"12", b"", b"345"], 0, None),
        ("5", [], [], 5, "shorter than its Content-Length, by 5 B"),
        ("5", [b"12", b"3"], [b"12", b"3"], 2, "shorter than its Content-Length, by 2 B"),
        ("5", [b"1234567"], [b"12345"], -2, "longer than its Content-Length, by 2 B"),
        ("5", [b"123", b"4567", b"89"], [b"123", b"45", b""], -4, "longer than its Content-Length, by 4 B"),
        ("5", [b"12345", b"6"], [b"12345", b""], -1, "longer than its Content-Length, by 1 B"),
        ("0", [b"1"], [b""], -1, "longer than its Content-Length, by 1 B"),
    ],
)
def test_a_body_is_cut_at_its_length(declared, pieces, sent, left, wrong):
    length = Length(declared)
    assert [length.cut(piece) for piece in pieces] == sent
    assert length.left == left
    if wrong is None:
        assert length.describe() is None
    else:
        assert wrong in length.describe()


@pytest.mark.parametrize("declared", ["", "+5", "-5", "5_0", "5, 5", "abc", " 5", "\xb2"])
def test_what_is_no_number_is_a_bug(declared):
    with pytest.raises(ValueError, match="Content-Length"):
        Length(declared)
