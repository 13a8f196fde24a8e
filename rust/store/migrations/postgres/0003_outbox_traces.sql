-- The W3C trace context (header traceparent) of what enqueued the message, if its span is recorded.
ALTER TABLE outbox ADD COLUMN traceparent TEXT;
