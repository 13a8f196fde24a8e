use super::*;

fn address_form() -> Form {
    Form::new("/x", "Save")
        .field(Field::new("address.street_lines[0]", "Street", "text", ""))
        .field(Field::new("address.street_lines[1]", "", "text", "").value(" "))
        .field(Field::new("address.country", "Country", "text", "").hint("Two letters"))
        .field(Field::new("password", "Password", "password", ""))
}

fn violation(path: &str, rule: &str, message: &str) -> FieldViolation {
    FieldViolation {
        path: path.to_owned(),
        rule: rule.to_owned(),
        message: message.to_owned(),
    }
}

fn refused(violations: &[FieldViolation]) -> Form {
    let refusal = Refusal::Invalid(violations.to_vec());
    address_form().refused(&refusal, |_| unreachable!())
}

fn errors(form: &Form) -> Vec<Option<&str>> {
    let fields = form.fields.iter();
    fields.map(|field| field.error.as_deref()).collect()
}

#[test]
fn violation_is_shown_at_its_field() {
    let form = refused(&[
        violation("address.street_lines", "repeated.min_items", ""),
        violation("address.street_lines[1]", "string.pattern", ""),
        violation(
            "password",
            "string.min_len",
            "value length must be at least 8 characters",
        ),
    ]);
    let expected = [
        Some("Please fill this in."),
        Some("Please fill this in."),
        None,
        Some("Use at least 8 characters."),
    ];
    assert_eq!((errors(&form), &form.message), (expected.into(), &None));
}

#[test]
fn unset_message_is_shown_at_its_first_field() {
    let form = refused(&[violation("address", "required", "value is required")]);
    assert_eq!(errors(&form)[0], Some("Please fill this in."));
}

#[test]
fn violation_without_a_field_is_shown_at_the_form() {
    let form = refused(&[violation(
        "request_id",
        "string.uuid",
        "must be a valid UUID",
    )]);
    let message = form.message.as_deref();
    assert_eq!(message, Some("request_id: must be a valid UUID."));
    assert_eq!(errors(&form), [None; 4]);
}

#[test]
fn reused_request_id_is_replaced() {
    let refusal = Refusal::Declared {
        reason: "REQUEST_ID_REUSED".to_owned(),
        retry_after: None,
    };
    let form = Form::new("/x", "Send").hidden("request_id", "old");
    let form = form.refused(&refusal, |_| unreachable!());
    assert_eq!(form.hidden.len(), 1);
    assert_ne!(form.hidden[0].1, "old");
}

#[test]
fn waiting_time_is_told() {
    let text = |seconds| {
        too_many_attempts(&Refusal::Declared {
            reason: "TOO_MANY_ATTEMPTS".to_owned(),
            retry_after: Some(std::time::Duration::from_secs(seconds)),
        })
    };
    assert!(text(10).contains("a minute"), "{}", text(10));
    assert!(text(601).contains("11 minutes"), "{}", text(601));
    assert!(text(9000).contains("3 hours"), "{}", text(9000));
}
