"""Run an iterator in a greenlet of its own, so that waiting for its next item can be cut short."""

import contextvars
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import gevent
from gevent.event import Event

from spa.answer import close
from spa.errors import ENDINGS

Item = TypeVar("Item")
Made = TypeVar("Made")


class Producer(Generic[Item, Made]):
    """An iterator that is asked for one item at a time, and closed in the greenlet it ran in.

    The iterator does not run ahead: it is at work only while an item is wanted, and one item at most is held.

    Args:
        items: the iterator; its ``close``, if it has one, is called once, whatever happens.
        make: what to make of each item, in the same greenlet.
        context: the context variables it sees.
        report: called with what went wrong.
    """

    def __init__(
        self,
        items: Iterator[Item],
        make: Callable[[Item], Made],
        context: contextvars.Context,
        report: Callable[[BaseException], object],
    ) -> None:
        self.news = Event()  # set when there is an item, or the end
        self.error: BaseException | None = None  # what went wrong, if anything did
        self.has_ended = False
        self._items = items
        self._make = make
        self._report = report
        self._context = context
        self._greenlet: gevent.Greenlet | None = None
        self._wanted = Event()
        self._made: Made | None = None
        self._is_in_items = False
        self._is_stopped = False

    def ask(self) -> None:
        """Have the next item made, if it is not being made already."""
        if self._greenlet is None:
            self._greenlet = gevent.Greenlet.spawn(self._context.run, self._run)
        if self._made is None:  # what is there is taken first, so that nothing is made ahead of it
            self._wanted.set()

    def take(self) -> Made | None:
        """Return what was made of the item that was asked for; None if it is not there yet."""
        made, self._made = self._made, None
        return made

    def stop(self) -> None:
        """Have the iterator closed soon, without waiting for it: GreenletExit is raised where it waits."""
        if self._is_stopped:
            return
        self._is_stopped = True
        self._wanted.set()
        if self._is_in_items:
            gevent.get_hub().loop.run_callback(self._interrupt)

    def close(self) -> None:
        """Have the iterator closed, and wait until it is."""
        self.stop()
        if self._greenlet is not None:
            self._greenlet.join()
        elif not self.has_ended:
            self._end()

    def _run(self) -> None:
        try:
            while self._wait_until_wanted():
                self._made = self._make(self._next())
                self._wanted.clear()
                self.news.set()
        except StopIteration:
            pass
        except gevent.GreenletExit as error:
            if not self._is_stopped:
                self._fail(error)
        except ENDINGS:
            raise
        except BaseException as error:
            self._fail(error)
        finally:
            self._end()

    def _wait_until_wanted(self) -> bool:
        if not self._is_stopped:
            self._wanted.wait()
        return not self._is_stopped

    def _next(self) -> Item:
        self._is_in_items = True
        try:
            return next(self._items)
        finally:
            self._is_in_items = False

    def _interrupt(self) -> None:
        """Stop the iterator where it waits, unless it has come to its end meanwhile and is cleaning up."""
        if self._is_in_items and self._greenlet is not None:
            self._greenlet.throw(gevent.GreenletExit)

    def _fail(self, error: BaseException) -> None:
        self.error = error
        self._report(error)

    def _end(self) -> None:
        try:
            close(self._items)
        except ENDINGS:
            raise
        except BaseException as error:
            self._fail(error)
        finally:
            self.has_ended = True
            self.news.set()
