"""A dashboard: rooms to heat, edited over REST, and live on every open page over the WebSocket of the same URL."""

from gevent.monkey import patch_all; patch_all()
import json
from itertools import count
from pathlib import Path

import gevent
import spa
from room import Room
from spa.static.smart import SmartStatic
from spa.websocket import Limits, broadcast_json
from werkzeug.exceptions import Conflict, NotFound, UnprocessableEntity

HERE = Path(__file__).parent
LIMITS = json.loads((HERE / 'static/js/limits.json').read_text())  # the page reads the same file

rooms = {}
numbers = count(1)
pages = set()  # the WebSockets of all open pages


def add_room(name, target, temperature=17.0, seconds=1):
    room = Room(next(numbers), name, target, temperature)
    for _ in range(seconds):
        room.live_a_second()
    rooms[room.number] = room
    return room


def read_settings(request, number=None):
    """Return the name and the target in a request, or refuse them with the words that the page will show."""
    match request.json():
        case {'name': str(name), 'target': target}:
            name = ' '.join(name.split())
        case _:
            raise UnprocessableEntity('A room has a name and a target: {"name": "Kitchen", "target": 20.5}.')
    if not 1 <= len(name) <= LIMITS['longestName']:
        raise UnprocessableEntity(f'A name has 1 to {LIMITS["longestName"]} characters.')
    if type(target) not in (int, float) or not LIMITS['coldest'] <= target <= LIMITS['warmest']:
        raise UnprocessableEntity(f'A target is a number from {LIMITS["coldest"]} to {LIMITS["warmest"]}.')
    if any(room.name.casefold() == name.casefold() and room.number != number for room in rooms.values()):
        raise Conflict(f'There is a {name} already.')
    return name, target


def list_rooms():
    return [room.value() for room in rooms.values()]


def tell_pages():
    broadcast_json(pages, list_rooms())  # a page that reads too slowly is let go, and comes back


class Rooms(spa.JSONHandler):
    """All rooms: GET answers with them, the WebSocket sends the same whenever they change, and each second."""

    websocket_limits = Limits(max_message=1024)  # pages only listen

    def get(self):
        return list_rooms()

    def post(self):
        name, target = read_settings(self.request)
        if len(rooms) >= LIMITS['mostRooms']:
            raise Conflict(f'This house has {LIMITS["mostRooms"]} rooms at most.')
        room = add_room(name, target)
        tell_pages()
        return room.settings(), 201, {'Location': self.url('room', number=room.number)}

    def websocket(self):
        self.ws.accept()
        pages.add(self.ws)
        self.ws.send_json(list_rooms())
        for _ in self.ws:
            pass

    def websocket_close(self):
        pages.discard(self.ws)


class RoomSettings(spa.JSONHandler):
    """The settings of one room, changed only by those who have seen them as they are (``If-Match``)."""

    def prepare(self, number):
        if number not in rooms:
            raise NotFound('This room is gone.')
        self.room = rooms[number]

    def get(self, number):
        return spa.JSONResponse(self.room.settings()).etag(str(self.room.version))

    def put(self, number):
        settings = read_settings(self.request, number)
        self.request.check_preconditions(str(self.room.version), is_required=True)  # nothing waits from here on
        self.room.name, self.room.target = settings
        self.room.version += 1
        tell_pages()
        return self.get(number)

    def delete(self, number):
        self.request.check_preconditions(str(self.room.version), is_required=True)
        rooms.pop(number).version += 1  # an edit whose body is still on its way fails
        tell_pages()


def heat_the_house():
    while True:
        gevent.sleep(1)
        for room in rooms.values():
            room.live_a_second()
        tell_pages()


for name, target, temperature in (
    ('Living room', 21.5, 18.2), ('Kitchen', 20, 21.9), ('Bedroom', 17.5, 19.6),
    ('Study', 20.5, 15.4), ('Bathroom', 23, 22.6), ('Hall', 16, 17.1),
):
    add_room(name, target, temperature, seconds=120)
gevent.spawn(heat_the_house)

static = SmartStatic(HERE / 'static')
home = spa.HomePage(
    '/static/',
    static,
    title='Hearth',
    favicon='img/hearth.svg',
    stylesheets=['css/app.css'],
    modules=['js/app.js'],
    importmap={'element': 'js/element.js'},
    preload=['fonts/figtree.woff2'],
    body=(HERE / 'body.html').read_text(),
    csp='hash',
)
app = spa.App((
    ('/', 'home', home),
    ('/static/<path:filepath>', 'static', static),
    ('/api/rooms/', 'rooms', Rooms),
    ('/api/rooms/<int:number>/', 'room', RoomSettings),
))
spa.run(app)
