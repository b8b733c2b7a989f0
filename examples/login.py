"""A login: a session in a signed cookie for browsers, a token for other clients, over HTTP and a WebSocket."""

from gevent.monkey import patch_all; patch_all()
import os
import secrets
import spa
from spa.middleware import SessionMiddleware
from spa.middleware.session import purpose_of
from spa.token import TokenSigner
from werkzeug.exceptions import Unauthorized
from werkzeug.security import check_password_hash, generate_password_hash

# The same for all processes, and after each start. Only this file run by itself makes one up, and logs everybody out.
if __name__ == '__main__':
    os.environ.setdefault('SECRET', secrets.token_hex(32))
SECRET = os.environ['SECRET']
NOBODY = generate_password_hash(secrets.token_hex())
users = {'ada': generate_password_hash('engine')}
signer = TokenSigner(SECRET, purpose_of(), max_age=3600)


def check_login(request):
    match request.json():
        case {'name': str(name), 'password': str(password)}:
            # A name that is not there takes as long as one that is.
            if check_password_hash(users.get(name, NOBODY), password):
                return name
    raise Unauthorized('Wrong name or password.')


class Login(spa.JSONHandler):
    def post(self):
        name = check_login(self.request)
        self.request.session.clear()
        self.request.session['user'] = name

    def delete(self):
        self.request.session.clear()


class Token(spa.JSONHandler):
    def post(self):
        return {'token': signer.sign({'user': check_login(self.request)})}


class Me(spa.JSONHandler):
    def prepare(self):
        if 'user' not in self.request.session:
            raise Unauthorized('Log in first.')

    def get(self):
        return {'user': self.request.session['user']}

    def websocket(self):
        self.ws.send('hello ' + self.request.session['user'])


routes = (
    ('/login/', 'login', Login),
    ('/token/', 'token', Token),
    ('/me/', 'me', Me),
)
app = SessionMiddleware(spa.App(routes), SECRET)
spa.run(app)
