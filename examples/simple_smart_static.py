"""Serve the files of a directory at URLs that carry a hash of their content, and may be cached for ever."""

from gevent.monkey import patch_all; patch_all()
import spa

from spa.static.smart import SmartStatic
routes = (('/<path:filepath>', '', SmartStatic(directory='.')),)

app = spa.App(routes)
spa.run(app)
