//! The test tokens.

/// What the simulator does with a charge, chosen by its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestToken {
    /// `tok_visa` and `tok_mastercard`: the charge succeeds.
    Success,
    /// `tok_refused`, `tok_insufficient_funds`, `tok_expired`: the charge is declined for the
    /// reason in the name. Any other token is declined as `method_unknown`.
    Declined(&'static str),
    /// `tok_slow`: the charge succeeds after [`Options::slow`](crate::Options::slow).
    Slow,
    /// `tok_answer_lost`: the charge succeeds, but the connection breaks in the middle of the
    /// first response.
    AnswerLost,
    /// `tok_error_then_success`: the first request gets the status 500 and changes nothing; the
    /// second one with the same key succeeds.
    ErrorThenSuccess,
    /// `tok_request_refused`: every request to charge gets the status 422 and changes nothing, like
    /// a request that the provider does not understand. So nobody learns whether it was charged.
    RequestRefused,
    /// `tok_webhook_late`: the charge succeeds, and the webhook about its success is sent after
    /// [`Options::late`](crate::Options::late).
    WebhookLate,
    /// `tok_webhook_twice`: the charge succeeds, and the webhook about its success is sent twice.
    WebhookTwice,
    /// `tok_webhook_out_of_order`: the charge succeeds, and the webhook about its success is sent
    /// before the one about its request.
    WebhookOutOfOrder,
    /// `tok_webhook_after_cancellation`: the charge succeeds, and the webhook about its success
    /// is sent only after the one about its first refund.
    WebhookAfterCancellation,
}

impl TestToken {
    /// The meaning of a token.
    pub fn parse(token: &str) -> Self {
        match token {
            "tok_visa" | "tok_mastercard" => Self::Success,
            "tok_refused" => Self::Declined("refused"),
            "tok_insufficient_funds" => Self::Declined("insufficient_funds"),
            "tok_expired" => Self::Declined("method_expired"),
            "tok_slow" => Self::Slow,
            "tok_answer_lost" => Self::AnswerLost,
            "tok_error_then_success" => Self::ErrorThenSuccess,
            "tok_request_refused" => Self::RequestRefused,
            "tok_webhook_late" => Self::WebhookLate,
            "tok_webhook_twice" => Self::WebhookTwice,
            "tok_webhook_out_of_order" => Self::WebhookOutOfOrder,
            "tok_webhook_after_cancellation" => Self::WebhookAfterCancellation,
            _ => Self::Declined("method_unknown"),
        }
    }
}

/// A description of the payment method for its owner.
pub(crate) fn method_label(token: &str) -> &'static str {
    match TestToken::parse(token) {
        TestToken::Declined("method_unknown") => "Unknown payment method",
        _ if token == "tok_mastercard" => "Mastercard ending in 4444",
        _ => "Visa ending in 4242",
    }
}
