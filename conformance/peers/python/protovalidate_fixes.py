"""Fixes two differences between protovalidate 1.2 for Python and the protovalidate standard.

`proofread` found both differences in the server without these fixes. The fixes replace
internal functions of the library, so its version is pinned in tools/requirements.txt.
"""
import operator

from celpy import celtypes
from protovalidate.internal import rules

EPOCH = celtypes.TimestampType(1970, 1, 1)


def apply():
    """Changes the library for the whole process."""
    rules.EnumRules.validate = rules.FieldRules.validate
    rules.EnumRules._validate_value = _validate_defined_only
    rules._MSG_TYPE_URL_TO_CTOR["google.protobuf.Duration"] = _duration
    rules._MSG_TYPE_URL_TO_CTOR["google.protobuf.Timestamp"] = _timestamp


def _validate_defined_only(self, ctx, value, *, for_key=False):
    """Checks `enum.defined_only`, also for list items and map values: the library checks it
    only in `validate`, which is not called for them."""
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


def _comparison(compare):
    def method(self, other):
        if not isinstance(other, (celtypes.DurationType, celtypes.TimestampType)):
            return NotImplemented
        return compare(_nanoseconds(self), _nanoseconds(other))

    return method


class _NanosecondPrecision:
    """Compares times to the nanosecond. The types of cel-python are based on those of Python,
    which drop everything below a microsecond."""

    # The nanoseconds that the base class drops, from 0 to 999. Results of calculations have 0.
    dropped_nanoseconds = 0

    __lt__, __le__ = _comparison(operator.lt), _comparison(operator.le)
    __gt__, __ge__ = _comparison(operator.gt), _comparison(operator.ge)
    __eq__, __ne__ = _comparison(operator.eq), _comparison(operator.ne)

    def __hash__(self):
        return hash(_nanoseconds(self))


class _Duration(_NanosecondPrecision, celtypes.DurationType):
    pass


class _Timestamp(_NanosecondPrecision, celtypes.TimestampType):
    pass


def _duration(message):
    return _with_nanoseconds(_Duration(rules.make_duration(message)), message)


def _timestamp(message):
    return _with_nanoseconds(_Timestamp(rules.make_timestamp(message)), message)


def _with_nanoseconds(value, message):
    # The base class rounds down, also below zero.
    value.dropped_nanoseconds = message.nanos % 1_000
    return value


def _nanoseconds(value):
    since_epoch = value - EPOCH if isinstance(value, celtypes.TimestampType) else value
    seconds = since_epoch.days * 86_400 + since_epoch.seconds
    microseconds = seconds * 1_000_000 + since_epoch.microseconds
    return microseconds * 1_000 + getattr(value, "dropped_nanoseconds", 0)
