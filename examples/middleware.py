"""A guest book in three wrappers: compressed, readable by pages of a friend, and safe from forged requests."""

from gevent.monkey import patch_all; patch_all()
import time
import spa
from spa.middleware import CompressionMiddleware, CORSMiddleware, CSRFMiddleware

FRIENDS = ['https://app.example']
entries = ['welcome to the guest book, please write a line'] * 20


class Entries(spa.JSONHandler):
    def get(self):
        return entries

    def post(self):
        entries.append(self.request.get_data(as_text=True))
        return entries[-1], 201


class Ticks(spa.Handler):
    """Server-sent events, compressed and still one by one: try curl --compressed -N."""

    def get(self):
        return spa.Response(self.tick(), mimetype='text/event-stream')

    def tick(self):
        while True:
            yield f'data: {len(entries)} entries\n\n'
            time.sleep(1)

    def websocket(self):
        while True:
            self.ws.send(f'{len(entries)} entries')
            time.sleep(1)


routes = (
    ('/entries', 'entries', Entries),
    ('/ticks', 'ticks', Ticks),
)
app = spa.App(routes)
app = CSRFMiddleware(app, trusted_origins=FRIENDS)
app = CORSMiddleware(app, origins=FRIENDS)
app = CompressionMiddleware(app)
spa.run(app)
