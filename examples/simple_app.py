"""The smallest app: two routes, one of them with a variable."""

from gevent.monkey import patch_all; patch_all()
import spa


class Hello(spa.Handler):
    def get(self, name='world'):
        return f'hello {name}'


routes = (
    ('/', 'home', Hello),
    ('/hello/<name>/', 'hello', Hello),
)
app = spa.App(routes)
spa.run(app)
