"""Serve the files of a directory."""

from gevent.monkey import patch_all; patch_all()
import spa

from spa.static import StaticHandler
routes = (('/<path:filepath>', '', StaticHandler, {'directory': '.'}),)

app = spa.App(routes)
spa.run(app)
