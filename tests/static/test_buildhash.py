"""Test which file names are taken to carry the hash of a build."""

import random
import string

import pytest

from spa.static.buildhash import carries_build_hash

HASHED = """
assets/index-DiwrgTda.js            assets/index-BKf8x2_-.css       assets/_plugin-vue-DlAUqK2U.js
assets/logo-Bh3l-x9Q.svg            assets/inter-latin-Dx4kXJAl.woff2
assets/index-DiwrgTda.js.map        assets/vendor-C-x_9aQ0.js       index.DiwrgTda.js
assets/users.profile-xY7z_Ab2.js    static/js/main.8e0d62a0.js      main.8e0d62a03.js
static/js/787.28cb0dcd.chunk.js     static/css/main.e6c13ad2.css    main.8e0d62a0.js.map
static/media/logo.6ce24c58023cc2f8fd88fe9d219db6c6.svg              runtime.1a2b3c4d5e6f7a8b.js
a1b2c3d4e5f6a7b8c9d0.png            main.8e0d62a03.min.css          index.1a2b3c4d.js
app-ABCD1234.js                     app-QK7ZC3MX.js                 chunk-QWERTYUI.js
main-5K2HT3JQ.css                   media/font-3M7QX2AB.woff2       polyfills-B6TNHZQ6.js
css/app.0f1e2d3c4b5a.css
"""

NOT_HASHED = """
index.html          index-DiwrgTda.html         main.8e0d62a03.html     favicon.ico
robots.txt          manifest.webmanifest        sw.js                   app.js
a-settings.js       a-Settings.js               a-base64js.js           my-component.js
icons-DataGrid.js   assets/app-MyWidget.js      logo-iPhone15.png       view-JSONView.js
page-mainMenu.css   photo-DarkMode.png          README-OVERVIEW.png     cover-CHAPTER1.jpg
data.20241231.json  report-20241231.csv         bundle-20241231.js      logo-512x512.png
jquery-3.7.1.min.js bootstrap.bundle.min.js     react-dom.production.min.js
sheet.facade.css    fonts/inter-latin-regular.woff2                     deadbeef.js
index-Diwrg.js      index-DiwrgTda              8e0d62a03.js            index-DiwrgTda.php
assets-DiwrgTda/app.js                          main.8e0d62a03/app.js   -DiwrgTda.js
"""


@pytest.mark.parametrize("path", HASHED.split())
def test_names_as_build_tools_write_them_carry_a_hash(path):
    assert carries_build_hash(path)


@pytest.mark.parametrize("path", NOT_HASHED.split())
def test_names_that_people_give_carry_none(path):
    assert not carries_build_hash(path)


@pytest.mark.parametrize(
    ("alphabet", "length", "pattern", "least"),
    [
        # The rest costs one question per visit, as no hash can be told from a word with certainty.
        (string.ascii_letters + string.digits + "-_", 8, "assets/index-{}.js", 0.9),
        (string.ascii_letters + string.digits + "-_", 8, "assets/logo-{}.svg", 0.9),
        (string.ascii_uppercase + "234567", 8, "index-{}.js", 1.0),
        (string.hexdigits[:16], 8, "main.{}.js", 0.95),
        (string.hexdigits[:16], 20, "main.{}.js", 0.99),
    ],
)
def test_nearly_all_hashes_are_seen(alphabet, length, pattern, least):
    chance = random.Random(1)
    names = [pattern.format("".join(chance.choices(alphabet, k=length))) for _ in range(2000)]
    assert sum(map(carries_build_hash, names)) >= least * len(names)


def test_a_long_name_takes_no_long_time():
    assert not carries_build_hash("a.min" * 50 + "-" * 200 + ".js.x")
