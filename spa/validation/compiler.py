"""Turn a type into the check of JSON values that builds it."""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, InitVar, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import lru_cache, reduce
from operator import or_
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from spa.scalar import KINDS
from spa.validation.choice import identify_json, one_of_enum, one_of_values
from spa.validation.mismatch import Enough, Errors, Loc
from spa.validation.model import model_of, package_of
from spa.validation.shape import Alias, Array, Check, Choice, Dictionary, Record, Scalar, Set, Tagged, Tuple, has_hash


def check(value: Any, wanted: Any) -> Any:
    """Return the ``wanted`` type made of a JSON value.

    Raises:
        ValidationError: the value does not fit; it tells each place where it does not.
        TypeError: JSON cannot be checked against this type.
    """
    if not has_hash(wanted):  # as {"a": int}
        raise _refuse(wanted, repr(wanted))
    return build(_compile(wanted, repr(wanted)), value, Errors())


def build(check: Check, value: Any, errors: Errors) -> Any:
    """Return what a check makes of a value.

    Raises:
        ValidationError: the value does not fit.
    """
    built = None
    try:
        built = check(value, (), errors)
    except Enough:
        pass
    except RecursionError:
        errors.append(((), "Is nested too deeply."))
    if errors:
        raise errors.error()
    return built


class Member(NamedTuple):
    """One member of a record, as its class declares it."""

    name: str
    wanted: Any
    is_required: bool


class Compiler:
    """What turns a type into a check: all of it, before the first value is looked at."""

    def __init__(self) -> None:
        self.records: dict[Any, Record] = {}  # a type may hold itself
        self.aliases: dict[Any, Alias] = {}

    def compile(self, wanted: Any, where: str) -> Check:
        """Return the check of a type; ``where`` is for the message if there is none."""
        if _is_alias(wanted):
            if wanted not in self.aliases:
                self.aliases[wanted] = Alias()  # first: as of records
                self.aliases[wanted].check = self._compile_all(wanted, where)
            return self.aliases[wanted]
        return self._compile_all(wanted, where)

    def _compile_all(self, wanted: Any, where: str) -> Check:
        types = list(flatten(wanted))
        return self._compile_one(types[0], where) if len(types) == 1 else self._compile_union(types, where)

    def _compile_one(self, wanted: Any, where: str) -> Check:
        found = scalar_of(wanted, SCALARS, identify_json)
        if found is not None:
            return found
        if wanted is Any or wanted is object:
            return _take_any
        origin, args = get_origin(wanted) or wanted, get_args(wanted)
        if origin is tuple and wanted is not tuple and (len(args) != 2 or args[1] is not ...):
            return Tuple([self.compile(arg, f"{where}[{index}]") for index, arg in enumerate(args)])
        if origin in (list, tuple, set, frozenset):
            item = self.compile(args[0] if args else Any, f"{where}[]")
            if origin in (list, tuple):
                return Array(origin, item)
            if not all(map(_is_hashable, args)):
                raise TypeError(f"{where}: a set cannot hold {args[0]!r}; take a list, or make a dataclass frozen")
            return Set(origin, item)
        if origin is dict and args[:1] in ((), (str,)):
            return Dictionary(self.compile(args[1] if args else Any, f"{where}[]"))
        model = model_of(wanted)
        if model is not None:
            return model
        if is_record(wanted):
            return self._compile_record(wanted)
        raise _refuse(wanted, where)

    def _compile_record(self, wanted: type) -> Record:
        if wanted not in self.records:
            self.records[wanted] = Record(wanted)  # first: the members may hold this very record
            fill(self.records[wanted], wanted, self.compile)
        return self.records[wanted]

    def _compile_union(self, types: list[Any], where: str) -> Check:
        scalars: list[Scalar] = []
        arrays: list[Check] = []
        objects: list[Check] = []
        models = [wanted for wanted in types if package_of(wanted)]
        for wanted in types:
            if wanted in models:
                continue
            one = self._compile_one(wanted, where)
            if one is _take_any:
                return one
            if isinstance(one, Scalar):
                scalars.append(one)
            else:
                (arrays if isinstance(one, (Array, Tuple)) else objects).append(one)
        if len(arrays) > 1:
            raise TypeError(f"{where}: two kinds of array cannot be told apart in a union")
        array = arrays[0] if arrays else None
        if not models:
            return Choice(scalars, array, _one_object(objects, where))
        if objects or len(set(map(package_of, models))) > 1:
            raise TypeError(f"{where}: several kinds of object in a union are all of one package, or of none")
        return Choice(scalars, array, None, _one_model(models, where))


def _refuse(wanted: Any, where: str) -> TypeError:
    return TypeError(f"{where}: JSON cannot be checked against {wanted!r}; see Request.json for what it can be")


def is_record(wanted: Any) -> bool:
    """Tell whether a type is a dataclass or a TypedDict."""
    return isinstance(wanted, type) and (is_dataclass(wanted) or hasattr(wanted, "__required_keys__"))


def fill(record: Record, wanted: type, check_of: Callable[[Any, str], Check]) -> None:
    """Give a record the members that its class declares, each with the check that ``check_of`` returns for it."""
    members = list(_members_of(wanted))
    record.required = [member.name for member in members if member.is_required]
    literals = (member for member in members if get_origin(member.wanted) is Literal)
    record.tags = {member.name: get_args(member.wanted) for member in literals}
    for member in members:
        record.members[member.name] = check_of(member.wanted, f"{wanted.__name__}.{member.name}")


def _one_model(models: list[Any], where: str) -> Check | None:
    """Return one check for several types of a package, which tells them apart by its own rules."""
    try:
        return model_of(reduce(or_, models))
    except TypeError as error:  # of msgspec, of structs without a tag
        raise TypeError(f"{where}: several kinds of object in a union: {error}") from error


def _one_object(objects: list[Check], where: str) -> Check | None:
    """Return one check for several kinds of object, which a tag must tell apart."""
    if len(objects) < 2:
        return objects[0] if objects else None
    records = [each for each in objects if isinstance(each, Record)]
    for tag in records[0].tags if len(records) == len(objects) else ():
        owners = [(value, each) for each in records for value in each.tags.get(tag, (None,))]
        values = {value for value, _ in owners if isinstance(value, str)}
        if len(values) == len(owners):
            return Tagged(tag, dict(owners))
    raise TypeError(
        f"{where}: several kinds of object in a union are told apart by a member of type Literal with other strings "
        "in each, such as kind: Literal['cat']"
    )


@lru_cache(maxsize=1024)  # more types than a program writes down; those it makes at run time must not pile up
def _compile(wanted: Any, spelled: str) -> Check:  # int | str equals str | int, and the order counts
    return Compiler().compile(wanted, wanted.__name__ if isinstance(wanted, type) else spelled)


def flatten(wanted: Any, aliases: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Yield the types of a union, or the one type, without the names and marks around it.

    Raises:
        TypeError: a name, one of ``aliases`` among them, stands for nothing but itself, or for a union with itself.
    """
    origin = get_origin(wanted)
    if origin in (Union, UnionType):
        for each in get_args(wanted):
            yield from flatten(each, aliases)
    elif origin in (Required, NotRequired):
        yield from flatten(get_args(wanted)[0], aliases)
    elif hasattr(wanted, "__supertype__"):  # a NewType
        yield from flatten(wanted.__supertype__, aliases)
    elif _is_alias(wanted):
        if wanted in aliases:
            raise TypeError(f"{wanted!r} is a type that stands for itself; what it may is hold itself, in a list")
        yield from flatten(wanted.__value__, (*aliases, wanted))
    else:
        yield wanted


def _is_alias(wanted: Any) -> bool:
    """Tell whether this is what ``type Name = ...`` makes, of Python 3.12."""
    return type(wanted).__name__ == "TypeAliasType"


def _is_hashable(wanted: Any, around: tuple[Any, ...] = ()) -> bool:
    """Tell whether a set can hold what a type builds, as far as the type says: ``Any`` does not.

    One that stands ``around`` itself is decided by its other parts.
    """
    if wanted in around:
        return True
    around = (*around, wanted)
    types = list(flatten(wanted))
    if len(types) > 1:
        return all(_is_hashable(each, around) for each in types)
    origin = get_origin(types[0]) or types[0]
    if origin is tuple:
        return all(_is_hashable(arg, around) for arg in get_args(types[0]) if arg is not ...)
    config = getattr(origin, "__struct_config__", None)  # of msgspec
    if config is not None:
        return bool(config.frozen or not config.eq)
    return origin.__hash__ is not None


def _members_of(wanted: Any) -> Iterator[Member]:
    hints = get_type_hints(wanted, include_extras=True)
    if not is_dataclass(wanted):
        for name, hint in hints.items():
            # The marks of annotations that are strings are seen here only.
            marks = {Required: True, NotRequired: False}
            yield Member(name, hint, marks.get(get_origin(hint), name in wanted.__required_keys__))
        return
    for name, hint in hints.items():
        if isinstance(hint, InitVar):
            raise TypeError(f"{name} is an InitVar; only fields are checked")
    for field in fields(wanted):
        if field.init:
            is_required = field.default is MISSING and field.default_factory is MISSING
            yield Member(field.name, hints[field.name], is_required)


def scalar_of(wanted: Any, scalars: dict[Any, Scalar], identify: Callable[[Any], Any]) -> Scalar | None:
    """Return the check of a type without parts, None if it has some.

    ``scalars`` has what is read for each type, ``identify`` tells the values of a Literal or an enum apart.
    """
    if get_origin(wanted) is Literal:
        choices = ((arg.value if isinstance(arg, Enum) else arg, arg) for arg in get_args(wanted))
        return one_of_values(choices, identify)
    if not isinstance(wanted, type):
        return scalars.get(NoneType) if wanted is None else None
    if issubclass(wanted, Enum):
        return one_of_enum(wanted, identify, scalars[int])
    return scalars.get(wanted)


def _exactly(wanted: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not wanted:  # a bool is an int to Python, not to JSON
            raise ValueError("of another type")
        return value

    return read


def _read_number(value: Any) -> float:
    return value if type(value) is float else float(_exactly(int)(value))


def _from_string(read: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda value: read(_exactly(str)(value))


def _read_decimal(value: Any) -> Decimal:
    return Decimal(value) if type(value) is int else KINDS[Decimal].read(_exactly(str)(value))


def _take_any(value: Any, loc: Loc, errors: Errors) -> Any:
    return value


SCALARS: dict[Any, Scalar] = {
    bool: Scalar("true or false", _exactly(bool)),
    int: Scalar("an integer", _exactly(int)),
    float: Scalar("a number", _read_number),
    str: Scalar("a string", _exactly(str)),
    NoneType: Scalar("null", _exactly(NoneType)),
    **{wanted: Scalar(kind.expected, _from_string(kind.read)) for wanted, kind in KINDS.items()},
    Decimal: Scalar(KINDS[Decimal].expected, _read_decimal),  # an integer loses nothing; a JSON number with a point may
}
