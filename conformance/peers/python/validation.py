"""Every request held to the rules of its contract, in one place."""
import grpc
import protovalidate

import refusal


class Validation(grpc.ServerInterceptor):
    """Refuses what breaks a rule before a handler sees it. Of a stream each message
    is held to its rules by itself, when it is read."""

    def __init__(self, unchecked=()):
        """Rules as (path, rule id) in `unchecked` are not checked: so a tester can be
        seen to notice."""
        self._validator = protovalidate.Validator()
        self._unchecked = frozenset(unchecked)

    def intercept_service(self, continuation, handler_call_details):
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        requests = "stream" if handler.request_streaming else "unary"
        kind = f"{requests}_{'stream' if handler.response_streaming else 'unary'}"
        behaviour = getattr(handler, kind)
        held = self._each if handler.request_streaming else self._one

        def validated(request, context):
            return behaviour(held(request, context), context)

        return getattr(grpc, f"{kind}_rpc_method_handler")(
            validated,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _one(self, request, context):
        violations = self._validator.collect_violations(request)
        violations = [violation for violation in violations if self._is_checked(violation.proto)]
        if violations:
            context.abort_with_status(refusal.of(violations))
        return request

    def _each(self, requests, context):
        for request in requests:
            yield self._one(request, context)

    def _is_checked(self, violation):
        return not self._unchecked or (
            (refusal.path(violation.field.elements), violation.rule_id) not in self._unchecked
        )
