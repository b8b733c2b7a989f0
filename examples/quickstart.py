"""The quickstart: a greeting and a clock, each over HTTP and over a WebSocket at the same URL."""

from gevent.monkey import patch_all; patch_all()
import time
from datetime import datetime
import spa

class Hello(spa.Handler):
    def get(self, name=None):
        if name:
            return spa.Response('hello ' + name)
        return spa.Response('hello!')

    def websocket(self, name=None):
        if name:
            self.ws.send('hello ' + name)
        while True:
            name = self.ws.receive()
            if name:
                self.ws.send('hello ' + name)

class DateTime(spa.Handler):
    def get(self):
        return spa.Response(datetime.now().isoformat())

    def websocket(self):
        while True:
            self.ws.send(datetime.now().isoformat())
            time.sleep(1)

routes = (
    ('/', 'home', Hello),
    ('/hello/<name>/', 'hello', Hello),
    ('/datetime/', 'datetime', DateTime),
)
app = spa.App(routes)
spa.run(app)
