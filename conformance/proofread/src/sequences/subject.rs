//! Prepares the sequences of a resource: which callers there are, and which valid request the
//! server accepts to create one.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::{
    Inputs,
    calls::{Callers, Recorder, key_in},
    execution::Subject,
    path::message_at,
    requests::{Requests, Variation},
    resource::{ListRole, Resource, Role},
};
use crate::{
    behaviour::{Context, ScenarioResults},
    contract::{Access, Method},
    judge::describe_outcome,
};

/// How many valid requests are tried to create a resource.
const MAX_TEMPLATES: usize = 12;

/// The subject, or `None` with a note if the server accepts no request that creates the
/// resource, or if no credential is accepted by all methods.
pub(super) async fn prepare<'a>(
    context: &'a Context<'a>,
    inputs: &Inputs<'a>,
    resource: &'a Resource<'a>,
    results: &mut ScenarioResults,
) -> Option<Subject<'a>> {
    let writer = resource.create.as_ref().or(resource.update.as_ref())?;
    let mut skipped = |why: String| {
        let text = format!("no sequences of {}: {why}", resource.name());
        results.skipped.push((writer.method.path.clone(), text));
    };
    let callers = match callers(context, resource) {
        Ok(callers) => callers,
        Err(why) => {
            skipped(why);
            return None;
        }
    };
    let shared = inputs
        .settings
        .shared
        .iter()
        .any(|it| it == resource.name());
    let mut subject = Subject {
        resource,
        requests: Requests {
            context,
            resource,
            is_fixed: inputs.is_fixed,
        },
        is_private: callers.other.is_some() && !shared,
        callers,
        template: None,
        settle: inputs.settings.settle.0,
        showing: RefCell::new(BTreeSet::new()),
    };
    if let Some(create) = &resource.create
        && let Err(why) = find_template(&mut subject, create).await
    {
        skipped(why);
        return None;
    }
    if subject.is_private && !other_is_accepted(&subject).await {
        skipped("the server refuses the credential of the other caller".to_owned());
        subject.is_private = false;
    }
    Some(subject)
}

/// Finds a valid request that the server accepts. The error says how it answers.
async fn find_template(subject: &mut Subject<'_>, create: &Role<'_>) -> Result<(), String> {
    let mut last = "no valid request is known".to_owned();
    let templates = subject.requests.valid(create.method);
    for template in templates.iter().take(MAX_TEMPLATES) {
        for variation in Variation::ALL {
            let Some(request) = subject.requests.create(template, variation, 0, None) else {
                continue;
            };
            let mut recorder = recorder(subject);
            let answered = recorder.call(create, &request, false, None).await;
            let Some(response) = answered.response else {
                last = format!(
                    "no request to create one was accepted ({}); a fixture may help",
                    describe_outcome(&answered.outcome)
                );
                continue;
            };
            let path = create.answer.as_ref();
            let returned = path.and_then(|path| message_at(&response, path));
            let key = key_in(
                subject.resource,
                create,
                &request,
                (&response, returned.as_ref()),
            );
            if key.is_none() {
                last = "the response of the method that creates one has no key".to_owned();
                continue;
            }
            subject.template = Some((template.clone(), variation));
            return Ok(());
        }
    }
    Err(last)
}

/// Whether the other caller may call the method that reads the resource: it gets an answer
/// that is not a refusal of its credential.
async fn other_is_accepted(subject: &Subject<'_>) -> bool {
    const UNAUTHENTICATED: i32 = 16;
    let get = &subject.resource.get;
    let Some(request) = subject.requests.valid(get.method).first() else {
        return false;
    };
    let answered = recorder(subject).call(get, request, true, None).await;
    let code = answered.code();
    code.is_some_and(|code| code.0 != UNAUTHENTICATED)
}

fn recorder<'s>(subject: &'s Subject<'_>) -> Recorder<'s> {
    Recorder {
        context: subject.requests.context,
        resource: subject.resource,
        callers: &subject.callers,
        calls: Vec::new(),
    }
}

/// The credential that all methods of the resource accept. Otherwise one caller would create
/// what another one may not see.
fn callers(context: &Context<'_>, resource: &Resource<'_>) -> Result<Callers, String> {
    let writer = resource.create.as_ref().or(resource.update.as_ref());
    let needed = [Some(&resource.get), writer];
    let needed: Vec<&Method> = needed.into_iter().flatten().map(|it| it.method).collect();
    let closed: Vec<&&Method> = needed.iter().filter(|it| !is_open(it)).collect();
    let Some(first) = closed.first() else {
        return Ok(Callers::default());
    };
    let accepts = |method: &Method, name: &str| {
        let alternatives = method.access.iter().filter(|it| it.condition.is_none());
        let mut names = alternatives.flat_map(Access::credential_names);
        names.any(|accepted| accepted == name)
    };
    let names = first.access.iter().flat_map(Access::credential_names);
    let mut common = names.filter(|name| {
        let configured = context.probe.credential(name).is_some();
        configured && closed.iter().all(|method| accepts(method, name))
    });
    let Some(name) = common.next() else {
        return Err(
            "no configured credential is accepted by the methods that create and read one"
                .to_owned(),
        );
    };
    Ok(Callers {
        credential: Some(name.to_owned()),
        first: context.probe.credential(name).cloned(),
        other: context.probe.other_credential(name).cloned(),
    })
}

/// Whether anybody may make every call of the method.
fn is_open(method: &Method) -> bool {
    let mut access = method.access.iter();
    method.access.is_empty() || access.any(|it| it.is_open() && it.condition.is_none())
}

/// Whether the callers may use a method.
pub(super) fn may_call(method: &Method, callers: &Callers) -> bool {
    if is_open(method) {
        return true;
    }
    let Some(credential) = callers.credential.as_deref() else {
        return false;
    };
    let alternatives = method.access.iter().filter(|it| it.condition.is_none());
    let mut names = alternatives.flat_map(Access::credential_names);
    names.any(|name| name == credential)
}

/// The resource without the methods that its callers may not use.
pub(super) fn usable<'c>(context: &Context<'_>, resource: Resource<'c>) -> Resource<'c> {
    let Ok(callers) = callers(context, &resource) else {
        return resource;
    };
    let may_call = |role: &Role<'c>| may_call(role.method, &callers);
    Resource {
        update: resource.update.filter(&may_call),
        delete: resource.delete.filter(&may_call),
        lists: {
            let lists: Vec<ListRole<'c>> = resource.lists;
            lists.into_iter().filter(|it| may_call(&it.role)).collect()
        },
        ..resource
    }
}
