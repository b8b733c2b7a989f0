"""Simulate a room: what it is set to, and the last two minutes of its thermometer."""

import random
from collections import deque

MOST_READINGS = 120  # one a second
PACE = 0.02  # of the way to the target that the temperature goes in a second
NOISE = 0.03  # degrees of chance in a second
PLAY = 0.2  # degrees it may be too cold before the heating starts


class Room:
    """One room; ``version`` counts the changes of its settings.

    Args:
        number: names the room.
        name: for people.
        target: the temperature to reach, in degrees Celsius.
        temperature: the one it begins with.
    """

    def __init__(self, number, name, target, temperature):
        self.number, self.name, self.target, self.version = number, name, target, 1
        self.temperature, self.is_heating = temperature, False
        self.readings = deque(maxlen=MOST_READINGS)

    def live_a_second(self):
        """Grow warmer or colder, and read the thermometer."""
        missing = self.target - self.temperature
        self.is_heating = missing > (0 if self.is_heating else PLAY)
        self.temperature += missing * PACE + random.gauss(0, NOISE)
        self.readings.append(round(self.temperature, 2))

    def settings(self):
        """Return what people set."""
        return {'id': self.number, 'name': self.name, 'target': self.target, 'version': self.version}

    def value(self):
        """Return all that a page shows."""
        return {**self.settings(), 'heating': self.is_heating, 'readings': list(self.readings)}
