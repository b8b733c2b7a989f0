"""A REST API in memory: a collection and its items, as JSON."""

from gevent.monkey import patch_all; patch_all()
from itertools import count
import spa
from werkzeug.exceptions import BadRequest, NotFound

notes = {}
numbers = count(1)


def read_text(request):
    match request.json():
        case {'text': str(text)}:
            return text
    raise BadRequest('Send an object with a text: {"text": "milk"}.')


class Notes(spa.JSONHandler):
    def get(self):
        return list(notes.values())

    def post(self):
        text = read_text(self.request)
        number = next(numbers)
        notes[number] = {'id': number, 'text': text}
        return notes[number], 201, {'Location': self.url('note', number=number)}


class Note(spa.JSONHandler):
    def prepare(self, number):
        if number not in notes:
            raise NotFound(f'There is no note {number}.')

    def get(self, number):
        return notes[number]

    def put(self, number):
        notes[number]['text'] = read_text(self.request)
        return notes[number]

    def delete(self, number):
        del notes[number]


routes = (
    spa.include('/api', (
        ('/notes/', 'notes', Notes),
        ('/notes/<int:number>/', 'note', Note),
    )),
)
app = spa.App(routes)
spa.run(app)
