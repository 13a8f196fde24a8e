//! The form that sets a fault.

use std::sync::LazyLock;

use contract::bookstore::faults::v1::{
    BlackHoleEffect, ErrorEffect, Fault, HangUpEffect, LatencyEffect, SetFaultRequest,
    fault_service_server::SERVICE_NAME as FAULT_SERVICE,
};

use crate::forms::{Field, Form, SentForm};

/// The tutorials' services call those of the bookstore, so that their faults reach them.
const BOOKSTORE: &str = "bookstore.";

/// What can happen to a call. Numbers are status codes.
const EFFECTS: [(&str, &str); 10] = [
    ("latency", "Wait before it is handled"),
    ("14", "Fail with UNAVAILABLE"),
    ("8", "Fail with RESOURCE_EXHAUSTED"),
    ("4", "Fail with DEADLINE_EXCEEDED"),
    ("10", "Fail with ABORTED"),
    ("13", "Fail with INTERNAL"),
    ("2", "Fail with UNKNOWN"),
    ("12", "Fail with UNIMPLEMENTED"),
    ("hang_up", "Lose its connection"),
    ("black_hole", "Get no answer"),
];

type Choices = &'static [(&'static str, &'static str)];

/// Each service and each method of the contract: `SERVICE/METHOD` or `SERVICE/`, and a name.
static TARGETS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let mut targets: Vec<(String, String)> = Vec::new();
    let methods = contract::METHODS
        .iter()
        .filter(|method| method.service.starts_with(BOOKSTORE) && method.service != FAULT_SERVICE);
    for method in methods {
        let of_service = format!("{}/", method.service);
        if !targets.iter().any(|(value, _)| *value == of_service) {
            targets.push((of_service, short_target(method.service, "")));
        }
        let of_method = format!("{}/{}", method.service, method.name);
        targets.push((of_method, short_target(method.service, method.name)));
    }
    targets.sort();
    targets
});

static TARGET_CHOICES: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let targets = TARGETS.iter();
    targets
        .map(|(value, name)| (value.as_str(), name.as_str()))
        .collect()
});

/// "InventoryService: GetBook", or "InventoryService: all methods".
pub(super) fn short_target(service: &str, method: &str) -> String {
    let service = service.rsplit('.').next().unwrap_or(service);
    match method {
        "" => format!("{service}: all methods"),
        _ => format!("{service}: {method}"),
    }
}

/// The form with the values that are proposed.
pub(super) fn fault_form() -> Form {
    let targets: Choices = &TARGET_CHOICES;
    Form::new("/operator/faults/set", "Inject the fault")
        .field(Field::new("fault.service", "Calls of", "text", "off").options(targets))
        .field(Field::new("effect", "What happens to them", "text", "off").options(&EFFECTS))
        .field(
            number("fault.latency.delay", "Delay in milliseconds")
                .hint("Only if they wait: 1 to 60,000")
                .value("500"),
        )
        .field(
            number(
                "fault.latency.jitter",
                "Random further delay in milliseconds",
            )
            .hint("Only if they wait: up to 60,000")
            .value("0"),
        )
        .field(
            number("fault.percent", "Share of the calls in percent")
                .hint("1 to 100")
                .value("100"),
        )
        .field(
            number("fault.max_calls", "How many calls at most")
                .hint("Empty for all calls until the fault ends"),
        )
        .field(
            number("lifetime", "Minutes until the fault ends by itself")
                .hint("1 to 60")
                .value("5"),
        )
}

fn number(path: &'static str, label: &'static str) -> Field {
    Field::new(path, label, "text", "off")
}

/// The request that the form means. The error is the form with what is no number.
pub(super) fn to_request(sent: &SentForm, mut form: Form) -> Result<SetFaultRequest, Box<Form>> {
    let mut whole_number = |path: &str| -> i64 {
        let parsed = sent.text(path).parse::<u32>();
        if parsed.is_err() {
            let mut fields = form.fields.iter_mut();
            if let Some(field) = fields.find(|field| field.path == path) {
                field.error = Some("Write a whole number.".to_owned());
            }
        }
        parsed.map_or(0, i64::from)
    };
    let small = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
    let target = sent.text("fault.service");
    let (service, method) = target.split_once('/').unwrap_or((&target, ""));
    let mut fault = Fault {
        service: service.to_owned(),
        method: method.to_owned(),
        percent: small(whole_number("fault.percent")),
        ..Fault::default()
    };
    if !sent.text("fault.max_calls").is_empty() {
        fault.max_calls = Some(small(whole_number("fault.max_calls")));
    }
    match sent.get("effect") {
        "latency" => {
            fault.latency = Some(LatencyEffect {
                delay: Some(milliseconds(whole_number("fault.latency.delay"))),
                jitter: Some(milliseconds(whole_number("fault.latency.jitter"))),
            });
        }
        "hang_up" => fault.hang_up = Some(HangUpEffect {}),
        "black_hole" => fault.black_hole = Some(BlackHoleEffect {}),
        code => {
            let code = code.parse().unwrap_or_default();
            fault.error = Some(ErrorEffect { code });
        }
    }
    let request = SetFaultRequest {
        fault: Some(fault),
        lifetime: Some(prost_types::Duration {
            seconds: whole_number("lifetime") * 60,
            nanos: 0,
        }),
    };
    if form.is_refused() {
        Err(Box::new(form))
    } else {
        Ok(request)
    }
}

fn milliseconds(milliseconds: i64) -> prost_types::Duration {
    prost_types::Duration {
        seconds: milliseconds / 1000,
        nanos: i32::try_from(milliseconds % 1000 * 1_000_000).unwrap_or_default(),
    }
}
