"""The app that the recipes serve: it believes one proxy, has a health check, and files at hashed URLs."""

from gevent.monkey import patch_all; patch_all()
from pathlib import Path
import spa
from spa.static.smart import SmartStatic
from werkzeug.middleware.proxy_fix import ProxyFix


class Health(spa.Handler):
    def get(self):
        return 'ok'  # an app with a database asks it first, and raises ServiceUnavailable when it is away


static = SmartStatic(directory=Path(__file__).parent / 'static')
home = spa.HomePage('/static/', static, title='Deployed', stylesheets=['app.css'], body='<h1>It works</h1>')
routes = (
    ('/', 'home', home),
    ('/health', 'health', Health),
    ('/static/<path:filepath>', 'static', static),
)
# One proxy in front sets X-Forwarded-For and X-Forwarded-Proto. Without a proxy, clients would: leave ProxyFix out.
app = ProxyFix(spa.App(routes), x_for=1, x_proto=1)
