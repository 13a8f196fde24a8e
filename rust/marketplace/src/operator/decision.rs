//! A decision of the operator about something that was parked, for `parts/decisions.html`.

/// A decision that was made.
pub(super) struct Decision {
    pub(super) day: String,
    pub(super) operator_name: String,
    pub(super) action: &'static str,
    /// What `subject_id` is the id of: a charge or a refund.
    pub(super) subject: &'static str,
    /// Empty if the action names nothing.
    pub(super) subject_id: String,
    pub(super) note: String,
    pub(super) parked_reason: String,
}
