"""Test the tags and headers by which a page loads its files; the page's own tests look at them together."""

import pytest

from spa.static.tag import Preload, Source, Sources, kind_of

PLAIN = Source("/s/x")
CHECKED = Source("/s/x", "sha384-A")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.js", "module"),
        ("a.MJS", "module"),
        ("a.css", "style"),
        ("a.woff2", "font"),
        ("a.svg", "image"),
        ("a.json", "fetch"),
        ("a.html", None),
        ("LICENSE", None),
        ("https://fonts.example/f.woff2?x", "font"),
        ("https://fonts.example/f.woff2?x=/a.b#c.d", "font"),
        ("//x.example/f.woff2#a", "font"),
        ("https://x.example/f?a.woff2", None),
        ("https://[x/f.css?", "style"),
        ("a.png?x", None),
        ("a#b.png", "image"),
    ],
)
def test_what_a_file_is_preloaded_as_follows_from_its_extension(path, kind):
    assert kind_of(path) == kind


LINKS = [
    # sources, the Link header
    (Sources(), ""),
    (Sources(stylesheets=[PLAIN]), "</s/x>; rel=preload; as=style"),
    (Sources(stylesheets=[CHECKED]), '</s/x>; rel=preload; as=style; integrity="sha384-A"; crossorigin'),
    (Sources(modules=[PLAIN]), "</s/x>; rel=preload; as=script; crossorigin"),  # modules are always in CORS mode
    (Sources(scripts=[PLAIN]), "</s/x>; rel=preload; as=script"),
    (Sources(preloads=[Preload(CHECKED, "font")]), "</s/x>; rel=preload; as=font; crossorigin"),
    (Sources(preloads=[Preload(CHECKED, "image")]), "</s/x>; rel=preload; as=image"),
    (Sources(favicon=PLAIN), ""),
    (
        Sources(scripts=[Source("https://x.example/é>,\r\n\";?a=%20#b")]),
        "<https://x.example/%C3%A9%3E,%0D%0A%22;?a=%20#b>; rel=preload; as=script",
    ),
]


@pytest.mark.parametrize(("sources", "header"), LINKS)
def test_a_link_header_asks_for_each_file_as_the_page_will(sources, header):
    assert sources.link_header() == header


def test_only_scripts_carry_the_nonce_in_a_link_header():
    sources = Sources(stylesheets=[PLAIN], modules=[PLAIN], scripts=[PLAIN])
    sheet, *scripts = sources.link_header("N").split(", ")
    assert "nonce" not in sheet
    assert all(script.endswith('; nonce="N"') for script in scripts)


POLICIES = [
    # sources, nonce, sources of scripts
    (Sources(), None, "'self'"),
    (Sources(scripts=[PLAIN]), None, "'self'"),
    (Sources(scripts=[Source("//x.example/a.js")]), None, "'self' x.example"),
    (
        Sources(scripts=[Source("https://x.example:8443/a.js"), Source("https://a.example/")]),
        None,
        "'self' https://a.example https://x.example:8443",
    ),
    (Sources(import_map="{}"), None, "'self' 'sha256-RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o='"),
    (Sources(import_map="{}"), "N", "'nonce-N' 'strict-dynamic'"),
    (
        Sources(import_map='{"imports":{"vue":"https://cdn.example/vue.js","b":"/s/b.js","c/":"//c.example/"}}'),
        None,
        "'self' c.example https://cdn.example 'sha256-lLZySegWT4y4Xfthra0r7k9s4hfOunIejN8mefbBxzs='",
    ),
    (Sources(preloads=[Preload(Source("https://cdn.example/a.js"), "module")]), None, "'self' https://cdn.example"),
    (
        # What is no script may come from anywhere.
        Sources(
            stylesheets=[Source("https://a.example/a.css")],
            favicon=Source("https://b.example/b.ico"),
            preloads=[Preload(Source("https://c.example/c.woff2"), "font")],
        ),
        None,
        "'self'",
    ),
]


@pytest.mark.parametrize(("sources", "nonce", "scripts"), POLICIES)
def test_a_policy_names_what_may_run(sources, nonce, scripts):
    assert sources.policy(nonce) == f"script-src {scripts}; object-src 'none'; base-uri 'none'"


def test_attributes_are_escaped():
    assert Sources(scripts=[Source("/s/a&\"'<b>.js")]).foot() == (
        '<script src="/s/a&amp;&quot;&#x27;&lt;b&gt;.js"></script>'
    )
