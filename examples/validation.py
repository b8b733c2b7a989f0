"""An API that takes JSON of a declared form: each mistake is told, and what comes in and goes out has types."""

from gevent.monkey import patch_all; patch_all()
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Literal
import spa

orders = {}
numbers = count(1)


@dataclass
class Item:
    name: str
    price: Decimal
    count: int = 1

    def __post_init__(self):
        if self.count < 1:
            raise ValueError('The count must be 1 or more.')


@dataclass
class Order:
    items: list[Item]
    shipping: Literal['post', 'courier'] = 'post'
    placed: datetime = field(default_factory=lambda: datetime.now(UTC))

    def total(self):
        return sum(item.price * item.count for item in self.items)


class Orders(spa.JSONHandler):
    def get(self):
        return orders

    def post(self):
        order = self.request.json(Order)
        if not order.items:
            raise spa.ValidationError([(['items'], 'Must not be empty.')])
        number = next(numbers)
        orders[number] = order
        return {'number': number, 'total': order.total(), 'order': order}, 201


# curl -H 'Content-Type: application/json' -d '{"items": [{"name": "tea", "price": "4.10"}]}' localhost:8000/orders/
app = spa.App((('/orders/', 'orders', Orders),))
spa.run(app)
