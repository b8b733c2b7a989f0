"""A countdown as server-sent events: a browser that lost its connection goes on where it was."""

from gevent.monkey import patch_all; patch_all()
import time
import spa

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Countdown</title>
<h1></h1>
<script>
const source = new EventSource('/countdown/');
source.onmessage = event => {
  const left = JSON.parse(event.data).left;
  document.querySelector('h1').textContent = left;
  if (left === 0) source.close();
};
</script>
"""


class Page(spa.Handler):
    def get(self):
        return spa.Response(PAGE, mimetype='text/html')


class Countdown(spa.Handler):
    def get(self):
        last = self.request.headers.get('Last-Event-ID', 10, type=int)
        return spa.EventStream(self.count_down(min(last, 10)))

    def count_down(self, last):
        for left in range(last - 1, -1, -1):
            yield spa.Event({'left': left}, id=str(left))
            time.sleep(1)


routes = (
    ('/', 'page', Page),
    ('/countdown/', 'countdown', Countdown),
)
app = spa.App(routes)
spa.run(app)
