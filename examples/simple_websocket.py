"""A chat room: whatever one WebSocket sends, all of them get."""

from gevent.monkey import patch_all; patch_all()
import spa
from spa.websocket import broadcast

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Chat</title>
<form><input autofocus autocomplete="off"><button>Send</button></form>
<ul></ul>
<script>
const socket = new WebSocket(location.href.replace(/^http/, 'ws'));
const input = document.querySelector('input');
document.querySelector('form').onsubmit = event => {
  event.preventDefault();
  socket.send(input.value);
  input.value = '';
};
socket.onmessage = event => {
  const item = document.createElement('li');
  item.textContent = event.data;
  document.querySelector('ul').prepend(item);
};
</script>
"""

room = set()


class Chat(spa.Handler):
    def get(self):
        return spa.Response(PAGE, mimetype='text/html')

    def websocket(self):
        self.ws.accept()
        room.add(self.ws)
        for message in self.ws:
            broadcast(room, message)

    def websocket_close(self):
        room.discard(self.ws)


routes = (('/', 'chat', Chat),)
app = spa.App(routes)
spa.run(app)
