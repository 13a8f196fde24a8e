"""Validates all requests with protovalidate before a handler gets them."""
import grpc
import protovalidate

import error_status


class ValidationInterceptor(grpc.ServerInterceptor):
    """Refuses requests that break a validation rule. In a stream of requests, each message
    is validated when the handler reads it."""

    def __init__(self, unchecked=(), ignored_rule=None):
        """`unchecked` contains (field path, rule id) pairs whose violations are ignored, and
        `ignored_rule` is the id of a rule that no field checks, so that a test can check that
        proofread detects the missing rule."""
        self._validator = protovalidate.Validator()
        self._unchecked = frozenset(unchecked)
        self._ignored_rule = ignored_rule

    def intercept_service(self, continuation, handler_call_details):
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        requests = "stream" if handler.request_streaming else "unary"
        kind = f"{requests}_{'stream' if handler.response_streaming else 'unary'}"
        behaviour = getattr(handler, kind)
        validate = self._validate_stream if handler.request_streaming else self._validate

        def validated(request, context):
            return behaviour(validate(request, context), context)

        return getattr(grpc, f"{kind}_rpc_method_handler")(
            validated,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _validate(self, request, context):
        violations = self._validator.collect_violations(request)
        violations = [violation for violation in violations if self._is_checked(violation.proto)]
        if violations:
            context.abort_with_status(error_status.from_violations(violations))
        return request

    def _validate_stream(self, requests, context):
        for request in requests:
            yield self._validate(request, context)

    def _is_checked(self, violation):
        if violation.rule_id == self._ignored_rule:
            return False
        return not self._unchecked or (
            (error_status.field_path(violation.field.elements), violation.rule_id) not in self._unchecked
        )
