"""Name what gevent's event loop can watch a descriptor for."""

READ, WRITE = 1, 2  # libev's event bits; gevent names them in gevent.core only, which it deprecates
