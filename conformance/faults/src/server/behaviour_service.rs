//! `rules.v1.BehaviourService`: a fixed list of items in pages, idempotent charges, and
//! streams.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use futures::Stream;
use tonic::{Code, Request, Response, Status, Streaming};

use super::streams;
use crate::{
    error_status::error_status,
    rules::v1::{
        ChargeRequest, ChargeResponse, CountRequest, CountResponse, GetItemRequest,
        GetItemResponse, Item, ListItemsRequest, ListItemsResponse, ReverseWordsRequest,
        ReverseWordsResponse, SumWeightsRequest, SumWeightsResponse,
        behaviour_service_server::BehaviourService,
    },
};

/// The names of the items, sorted.
pub(crate) const ITEM_NAMES: [&str; 13] = [
    "anvil",
    "bell",
    "candle",
    "dice",
    "easel",
    "feather",
    "globe",
    "hourglass",
    "inkwell",
    "jar",
    "key-1",
    "lamp",
    "map",
];

/// The page size if the request does not set it.
const PAGE_SIZE: usize = 5;

/// The prefix of page tokens, followed by the position of the first item.
const TOKEN_PREFIX: &str = "from-";

/// The service.
#[derive(Debug, Default)]
pub(super) struct Behaviours {
    charges: Mutex<HashMap<String, (ChargeRequest, ChargeResponse)>>,
}

fn item(position: usize) -> Item {
    let weight = i32::try_from(position)
        .ok()
        .filter(|position| position % 3 != 0);
    Item {
        name: ITEM_NAMES[position].to_owned(),
        weight: weight.map(|position| (position - 1) * 100),
    }
}

fn position(token: &str) -> Result<usize, Status> {
    if token.is_empty() {
        return Ok(0);
    }
    let position = token
        .strip_prefix(TOKEN_PREFIX)
        .and_then(|it| it.parse().ok());
    let position = position.filter(|position| (1..ITEM_NAMES.len()).contains(position));
    // Only the canonical spelling: "from-+5" would be another token for the same page.
    let position = position.filter(|position| token == format!("{TOKEN_PREFIX}{position}"));
    position.ok_or_else(|| {
        let message = "the page token is not one that this method gave";
        error_status(Code::InvalidArgument, "PAGE_TOKEN_INVALID", message)
    })
}

#[tonic::async_trait]
impl BehaviourService for Behaviours {
    async fn list_items(
        &self,
        request: Request<ListItemsRequest>,
    ) -> Result<Response<ListItemsResponse>, Status> {
        let request = request.into_inner();
        let first = position(&request.page_token)?;
        let size = match usize::try_from(request.page_size) {
            Ok(0) | Err(_) => PAGE_SIZE,
            Ok(size) => size,
        };
        let end = (first + size).min(ITEM_NAMES.len());
        Ok(Response::new(ListItemsResponse {
            items: (first..end).map(item).collect(),
            next_page_token: if end == ITEM_NAMES.len() {
                String::new()
            } else {
                format!("{TOKEN_PREFIX}{end}")
            },
        }))
    }

    async fn get_item(
        &self,
        request: Request<GetItemRequest>,
    ) -> Result<Response<GetItemResponse>, Status> {
        let name = request.into_inner().name;
        match ITEM_NAMES.iter().position(|it| *it == name) {
            Some(position) => Ok(Response::new(GetItemResponse {
                item: Some(item(position)),
            })),
            None => {
                let message = format!("no item has the name {name:?}");
                Err(error_status(Code::NotFound, "ITEM_NOT_FOUND", message))
            }
        }
    }

    async fn charge(
        &self,
        request: Request<ChargeRequest>,
    ) -> Result<Response<ChargeResponse>, Status> {
        let request = request.into_inner();
        let mut charges = self.charges.lock().unwrap_or_else(PoisonError::into_inner);
        let number = i64::try_from(charges.len() + 1).unwrap_or(i64::MAX);
        // UUIDs are compared without case.
        let id = request.request_id.to_ascii_lowercase();
        let body = ChargeRequest {
            request_id: id.clone(),
            ..request
        };
        let (first, response) = charges.entry(id).or_insert_with(|| {
            let response = ChargeResponse {
                charge_number: number,
                charged_minor: body.amount_minor + body.tip_minor.unwrap_or_default(),
            };
            (body.clone(), response)
        });
        if *first != body {
            let message = "the request id was used with another body";
            return Err(error_status(
                Code::AlreadyExists,
                "REQUEST_ID_REUSED",
                message,
            ));
        }
        Ok(Response::new(*response))
    }

    async fn sum_weights(
        &self,
        request: Request<Streaming<SumWeightsRequest>>,
    ) -> Result<Response<SumWeightsResponse>, Status> {
        streams::sum_weights(request.into_inner()).await
    }

    type CountStream = Pin<Box<dyn Stream<Item = Result<CountResponse, Status>> + Send>>;

    async fn count(
        &self,
        request: Request<CountRequest>,
    ) -> Result<Response<Self::CountStream>, Status> {
        Ok(streams::count(request.into_inner()))
    }

    type ReverseWordsStream =
        Pin<Box<dyn Stream<Item = Result<ReverseWordsResponse, Status>> + Send>>;

    async fn reverse_words(
        &self,
        request: Request<Streaming<ReverseWordsRequest>>,
    ) -> Result<Response<Self::ReverseWordsStream>, Status> {
        Ok(streams::reverse_words(request.into_inner()))
    }
}
