"""Where protovalidate 1.2 for Python departs from protovalidate's standard, mended.

`proofread` found both of them in the server as it was without. They are changes to the
library's insides, and so its version is pinned.
"""
import operator

from celpy import celtypes
from protovalidate.internal import rules

EPOCH = celtypes.TimestampType(1970, 1, 1)


def apply():
    """Mends the library for the whole process."""
    rules.EnumRules.validate = rules.FieldRules.validate
    rules.EnumRules._validate_value = _defined_only
    rules._MSG_TYPE_URL_TO_CTOR["google.protobuf.Duration"] = _duration
    rules._MSG_TYPE_URL_TO_CTOR["google.protobuf.Timestamp"] = _timestamp


def _defined_only(self, ctx, value, *, for_key=False):
    """`enum.defined_only`, also of the items of lists and the values of maps: the library
    looks at fields only, in `validate`, which is not called for items."""
    if self._defined_only and value not in self._field.enum_type.values_by_number:
        ctx.add(
            rules.Violation(
                rule=self._defined_only_rule_path,
                rule_value=True,
                rule_id="enum.defined_only",
                message="value must be one of the defined enum values",
                for_key=for_key,
            )
        )


def _compared(compare):
    def method(self, other):
        if not isinstance(other, (celtypes.DurationType, celtypes.TimestampType)):
            return NotImplemented
        return compare(_nanoseconds(self), _nanoseconds(other))

    return method


class _Exact:
    """A time that is compared to the nanosecond: cel-python's own are Python's, and drop
    what is less than a microsecond."""

    # Of the nanoseconds what the base class drops. What is reckoned from a time has none.
    rest = 0

    __lt__, __le__ = _compared(operator.lt), _compared(operator.le)
    __gt__, __ge__ = _compared(operator.gt), _compared(operator.ge)
    __eq__, __ne__ = _compared(operator.eq), _compared(operator.ne)

    def __hash__(self):
        return hash(_nanoseconds(self))


class _Duration(_Exact, celtypes.DurationType):
    pass


class _Timestamp(_Exact, celtypes.TimestampType):
    pass


def _duration(message):
    return _exactly(_Duration(rules.make_duration(message)), message)


def _timestamp(message):
    return _exactly(_Timestamp(rules.make_timestamp(message)), message)


def _exactly(value, message):
    # The base class rounds down, also below zero.
    value.rest = message.nanos % 1_000
    return value


def _nanoseconds(value):
    since = value - EPOCH if isinstance(value, celtypes.TimestampType) else value
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return microseconds * 1_000 + getattr(value, "rest", 0)
