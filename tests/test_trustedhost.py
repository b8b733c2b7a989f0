"""Hold by which names an app may be asked for."""

import pytest
from werkzeug.sansio.utils import host_is_trusted

from spa.errors import SetupError
from spa.trustedhost import TrustedHosts

NAMES = ["app.example", ".Wild.Example", "bücher.example", "127.0.0.1", "[::1]", "dot.example."]


@pytest.mark.parametrize(
    "header",
    [
        *("app.example", "app.example:8000", "APP.Example", "App.example:443", "app.example.", "app.example.:8000"),
        *("wild.example", "api.wild.example", "API.wild.EXAMPLE:80", "a.b.wild.example", "api.wild.example."),
        *("xn--bcher-kva.example", "XN--BCHER-KVA.example"),
        *("127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000"),
        *("dot.example", "dot.example."),
    ],
)
def test_a_name_matches_whatever_its_case_its_port_and_its_last_dot(header):
    assert TrustedHosts(NAMES).match(header) is True


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", ".", ":", ":8000", "[", "]", "[]", "[::2]", "::1", "[::1", "127.0.0.10"),
        *("evil.example", "app.example.evil.example", "evilwild.example", "wild.example.evil.example"),
        *("api.app.example", "app.example..", "dot.example.evil"),
        *("app.example@evil.example", "app.example/", "app.example:", "app.example:x", "app.example:80:80"),
        *(" app.example", "app.example ", "app.example\n", "app.example,evil.example", "x/.wild.example"),
        *("evil.example#.wild.example", "bücher.example", "b\xc3\xbccher.example"),
    ],
)
def test_another_name_or_one_that_is_none_does_not_match(header):
    assert TrustedHosts(NAMES).match(header) is False


@pytest.mark.parametrize("name", ["app.example", ".wild.example", "127.0.0.1", "bücher.example"])
@pytest.mark.parametrize("header", ["app.example", "app.example:80", "a.wild.example:1", "wild.example", "127.0.0.1"])
def test_what_werkzeug_trusts_is_trusted(name, header):
    assert TrustedHosts([name]).match(header) is host_is_trusted(header, [name])


@pytest.mark.parametrize("address", ["[::1]", "::1", "[0:0:0:0:0:0:0:1]", "[0000::0001]"])
def test_an_ipv6_address_is_matched_as_browsers_write_it(address):
    assert TrustedHosts([address]).match("[::1]:8000")


def test_an_address_in_capitals_matches():
    assert TrustedHosts(["[2001:DB8::A]"]).match("[2001:db8::a]")
    assert TrustedHosts(["[2001:db8::a]"]).match("[2001:DB8::A]")


@pytest.mark.parametrize(
    ("hosts", "fix"),
    [
        ("app.example", r"write \['app.example'\]"),
        ([], "None takes any"),
        ([None], "write a name"),
        ([b"app.example"], "write a name"),
        (["https://app.example"], "write the host of that URL alone"),
        (["app.example/x"], "write the host of that URL alone"),
        (["*"], "for any host leave trusted_hosts out"),
        (["*.app.example"], "write '.app.example'"),
        (5, "trusted_hosts is a list of names, not 5"),
        (["app.example:8000"], "write 'app.example'"),
        ([""], "no name of a host"),
        (["."], "no name of a host"),
        ([".."], "no name of a host"),
        (["a..example"], "no name of a host"),
        (["..example"], "no name of a host"),
        (["a b.example"], "no name of a host"),
        (["app.example "], "no name of a host"),
        (["under_score.example"], "no name of a host"),
        (["user@app.example"], "no name of a host"),
        (["a" * 64 + ".example"], "no name of a host"),
        (["straße.example"], "write it as browsers send it"),
        (["[::1]:8000"], r"in brackets, '\[::1\]'"),
        (["[::1"], "in brackets"),
        (["[fe80::1%eth0]"], "in brackets"),
        (["[app.example]"], "in brackets"),
        (["a:b:c"], "in brackets"),
    ],
)
def test_a_name_that_could_never_match_is_a_mistake_in_the_set_up(hosts, fix):
    with pytest.raises(SetupError, match=fix):
        TrustedHosts(hosts)


def test_a_good_name_beside_a_bad_one_does_not_hide_it():
    with pytest.raises(SetupError, match="holds 'https://b"):
        TrustedHosts(["a.example", "https://b.example"])
