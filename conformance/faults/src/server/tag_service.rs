//! `rules.v1.TagService`: tags whose names clients choose, and a profile for each account.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use rpc::{AccountId, Caller};
use tonic::{Code, Request, Response, Status};

use crate::{
    error_status::error_status,
    rules::v1::{
        CreateTagRequest, DeleteTagRequest, DeleteTagResponse, GetProfileRequest,
        GetProfileResponse, GetTagRequest, ListTagsRequest, ListTagsResponse, Profile, Tag,
        UpdateProfileRequest, UpdateProfileResponse, UpdateTagRequest,
        tag_service_server::TagService,
    },
};

/// The service.
#[derive(Debug, Default)]
pub(super) struct Tags {
    tags: Mutex<BTreeMap<String, Tag>>,
    profiles: Mutex<HashMap<Option<AccountId>, Profile>>,
}

impl Tags {
    fn with_tags<R>(&self, work: impl FnOnce(&mut BTreeMap<String, Tag>) -> R) -> R {
        work(&mut self.tags.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_profile<T, R>(&self, request: &Request<T>, work: impl FnOnce(&mut Profile) -> R) -> R {
        let account = match Caller::of(request) {
            Caller::Account(account) => Some(account),
            _ => None,
        };
        let mut profiles = self.profiles.lock().unwrap_or_else(PoisonError::into_inner);
        work(profiles.entry(account).or_default())
    }
}

fn not_found(name: &str) -> Status {
    let message = format!("no tag has the name {name:?}");
    error_status(Code::NotFound, "TAG_NOT_FOUND", message)
}

#[tonic::async_trait]
impl TagService for Tags {
    async fn create_tag(
        &self,
        request: Request<CreateTagRequest>,
    ) -> Result<Response<Tag>, Status> {
        let tag = request.into_inner().tag.unwrap_or_default();
        self.with_tags(|tags| {
            if tags.contains_key(&tag.name) {
                let message = format!("there is a tag of the name {:?}", tag.name);
                return Err(error_status(Code::AlreadyExists, "TAG_EXISTS", message));
            }
            tags.insert(tag.name.clone(), tag.clone());
            Ok(Response::new(tag))
        })
    }

    async fn get_tag(&self, request: Request<GetTagRequest>) -> Result<Response<Tag>, Status> {
        let name = request.into_inner().name;
        let tag = self.with_tags(|tags| tags.get(&name).cloned());
        tag.map(Response::new).ok_or_else(|| not_found(&name))
    }

    async fn list_tags(
        &self,
        _: Request<ListTagsRequest>,
    ) -> Result<Response<ListTagsResponse>, Status> {
        let tags = self.with_tags(|tags| tags.values().cloned().collect());
        Ok(Response::new(ListTagsResponse { tags }))
    }

    async fn update_tag(
        &self,
        request: Request<UpdateTagRequest>,
    ) -> Result<Response<Tag>, Status> {
        let request = request.into_inner();
        let changed = request.tag.unwrap_or_default();
        let paths = request.update_mask.map(|mask| mask.paths);
        let is_named = |field: &str| {
            let paths = paths.as_ref().filter(|paths| !paths.is_empty());
            paths.is_none_or(|paths| paths.iter().any(|path| path == field))
        };
        self.with_tags(|tags| {
            let tag = tags.get_mut(&changed.name);
            let tag = tag.ok_or_else(|| not_found(&changed.name))?;
            if is_named("label") {
                tag.label.clone_from(&changed.label);
            }
            if is_named("position") {
                tag.position = changed.position;
            }
            Ok(Response::new(tag.clone()))
        })
    }

    async fn delete_tag(
        &self,
        request: Request<DeleteTagRequest>,
    ) -> Result<Response<DeleteTagResponse>, Status> {
        let name = request.into_inner().name;
        self.with_tags(|tags| tags.remove(&name));
        Ok(Response::new(DeleteTagResponse {}))
    }

    async fn get_profile(
        &self,
        request: Request<GetProfileRequest>,
    ) -> Result<Response<GetProfileResponse>, Status> {
        let profile = Some(self.with_profile(&request, |profile| profile.clone()));
        Ok(Response::new(GetProfileResponse { profile }))
    }

    async fn update_profile(
        &self,
        request: Request<UpdateProfileRequest>,
    ) -> Result<Response<UpdateProfileResponse>, Status> {
        let changed = request.get_ref().profile.clone().unwrap_or_default();
        self.with_profile(&request, |profile| profile.clone_from(&changed));
        let profile = Some(changed);
        Ok(Response::new(UpdateProfileResponse { profile }))
    }
}
