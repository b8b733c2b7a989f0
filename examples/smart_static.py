"""A page of links to hashed URLs: edit one of the files, reload the page, and its link is another."""

from gevent.monkey import patch_all; patch_all()
from html import escape
from pathlib import Path
import spa
from spa.static.smart import SmartStatic

static = SmartStatic(directory=Path(__file__).parent / 'static')


def list_files(request):
    urls = (static.url(path, f'{request.root_path}/static/') for path in static.paths())
    items = (f'<li><a href="{escape(url)}">{escape(url)}</a></li>' for url in urls)
    return f'<h1>Files for ever</h1>\n<ul>\n{"".join(items)}\n</ul>'


home = spa.HomePage(
    '/static/',
    static,
    title='Hashed links',
    stylesheets=['app.css'],
    modules=['app.js'],
    body=list_files,
)
routes = (
    ('/', 'home', home),
    ('/static/<path:filepath>', 'static', static),
)
app = spa.App(routes)
spa.run(app)
