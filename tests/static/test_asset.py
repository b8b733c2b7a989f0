"""One version of a file as it is served."""

from spa.static.asset import Asset
from spa.static.files import Identity


def test_the_hashed_path_carries_the_hash_of_what_is_served_not_of_what_is_on_disk():
    identity = Identity(1, 2, 100, 3, 4)
    asset = Asset("css/app.css", identity, "0123456789ab", "ba9876543210", 100, b"x" * 100, {"css/app.css": identity})
    assert asset.hashed_path == "css/app.0123456789ab.css"
