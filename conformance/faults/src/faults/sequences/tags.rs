//! Faults of resources of other forms: tags whose names clients choose, and profiles of which
//! each account has one.

use http::{HeaderValue, header::AUTHORIZATION};
use proofread::{case::Phase::Sequences, finding::FindingKind::Behaviour as Misbehaved};
use prost::Message;
use prost_types::FieldMask;

use super::client::decoded;
use crate::{
    call::{Call, Reply},
    credentials::ACCOUNT_TOKEN,
    faults::{
        Fault,
        fault_behaviour::{ChangeCall, ChangeReply},
    },
    rules::v1::{DeleteTagRequest, ListTagsResponse, Profile, Tag, UpdateTagRequest},
};

const TAGS: &str = "/rules.v1.TagService/";
const GET_TAG: &str = "/rules.v1.TagService/GetTag";
const LIST_TAGS: &str = "/rules.v1.TagService/ListTags";
const UPDATE_TAG: &str = "/rules.v1.TagService/UpdateTag";
const DELETE_TAG: &str = "/rules.v1.TagService/DeleteTag";
const GET_PROFILE: &str = "/rules.v1.TagService/GetProfile";
const UPDATE_PROFILE: &str = "/rules.v1.TagService/UpdateProfile";

/// Changes valid requests to a method.
fn request<M: Message + Default>(
    path: &'static str,
    change: impl Fn(&mut M) + Send + Sync,
) -> ChangeCall<impl Fn(Call) -> Call> {
    ChangeCall(move |call: Call| {
        if call.path != path || call.messages.first().is_none_or(|it| it.is_empty()) {
            return call;
        }
        let mut message: M = decoded(&call);
        change(&mut message);
        call.with_messages(vec![message.encode_to_vec().into()])
    })
}

/// Changes the messages of a method's answers.
fn response<M: Message + Default>(
    path: &'static str,
    change: impl Fn(&mut M) + Send + Sync,
) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    ChangeReply(move |reply: &mut Reply, call: &Call| {
        for message in reply.messages.iter_mut().filter(|_| call.path == path) {
            let mut response = M::decode(message.clone()).unwrap_or_default();
            change(&mut response);
            *message = response.encode_to_vec().into();
        }
    })
}

/// Makes the calls of all accounts as the first one.
fn as_first_account(paths: &'static [&str]) -> ChangeCall<impl Fn(Call) -> Call> {
    ChangeCall(move |mut call: Call| {
        let token = HeaderValue::try_from(format!("Bearer {ACCOUNT_TOKEN}"));
        if let Ok(token) = token
            && paths.contains(&call.path.as_str())
            && call.headers.contains_key(AUTHORIZATION)
        {
            call.headers.insert(AUTHORIZATION, token);
        }
        call
    })
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let claim = (Sequences, Misbehaved);
    let masked = |paths: &[&str]| Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() });
    let position = masked(&["position"]);
    let profile = |change: fn(&mut Profile)| move |message: &mut crate::rules::v1::UpdateProfileRequest| {
        if let Some(profile) = &mut message.profile {
            change(profile);
        }
    };
    vec![
        Fault::new("sequences/tag-position-lost", "does not store the position of a tag", TAGS, claim,
            response(GET_TAG, |tag: &mut Tag| tag.position = 0)),
        Fault::new("sequences/tag-label-unchanged", "does not change the label of a tag", TAGS, claim,
            request(UPDATE_TAG, move |update: &mut UpdateTagRequest| update.update_mask.clone_from(&position))),
        Fault::new("sequences/tag-not-deleted", "deletes no tag", TAGS, claim,
            request(DELETE_TAG, |delete: &mut DeleteTagRequest| delete.name.push('x'))),
        Fault::new("sequences/tag-list-incomplete", "leaves every second tag out of the list", TAGS, claim,
            response(LIST_TAGS, |list: &mut ListTagsResponse| {
                let mut listed = false;
                list.tags.retain(|_| {
                    listed = !listed;
                    listed
                });
            })),
        Fault::new("sequences/profile-motto-lost", "does not store the motto of a profile", TAGS, claim,
            request(UPDATE_PROFILE, profile(|profile| profile.motto.clear()))),
        Fault::new("sequences/profile-shared", "has one profile for all accounts", TAGS, claim,
            as_first_account(&[GET_PROFILE, UPDATE_PROFILE])),
    ]
}
