"""A front end built by Vite: its files, its index page for every client-side route, and the API that it talks to."""

from gevent.monkey import patch_all; patch_all()
from pathlib import Path
import spa
from spa.static import SinglePage
from spa.websocket import broadcast_json
from werkzeug.exceptions import BadRequest, NotFound

MOST_NOTES = 100  # the oldest make room

notes = ['buy milk']
pages = set()


class Notes(spa.JSONHandler):
    def get(self):
        return notes

    def post(self):
        match self.request.json():
            case {'text': str(text)} if 1 <= len(text.strip()) <= 200:
                notes.append(text.strip())
                del notes[:-MOST_NOTES]
            case _:
                raise BadRequest('A note has 1 to 200 characters.')
        broadcast_json(pages, notes)
        return notes, 201

    def websocket(self):
        self.ws.accept()
        pages.add(self.ws)
        self.ws.send_json(notes)
        for _ in self.ws:
            pass

    def websocket_close(self):
        pages.discard(self.ws)


def nothing(app, request, params, route_name):
    raise NotFound('The API has nothing at this URL.')  # and not the index page


front = SinglePage(Path(__file__).parent / 'dist')
routes = (
    spa.include('/api', (
        ('/notes/', 'notes', Notes),
        ('/<path:path>', '', nothing),
    )),
    ('/', 'home', front),
    ('/<path:filepath>', '', front),
)
app = spa.App(routes)
spa.run(app)
