//! A shelf that is always the same, and a till that charges once.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use futures::Stream;
use rpc::failure;
use tonic::{Code, Request, Response, Status, Streaming};

use super::streams;
use crate::rules::v1::{
    ChargeRequest, ChargeResponse, CountRequest, CountResponse, GetThingRequest, GetThingResponse,
    ListThingsRequest, ListThingsResponse, TalkRequest, TalkResponse, Thing, WeighRequest,
    WeighResponse, shelf_service_server::ShelfService,
};

/// The names of the things, sorted.
pub(crate) const NAMES: [&str; 13] = [
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

/// How many things a page holds if nothing else is asked for.
const PAGE_SIZE: usize = 5;

/// What stands in front of the place in a token.
const TOKEN: &str = "from-";

/// The service.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    charges: Mutex<HashMap<String, (ChargeRequest, ChargeResponse)>>,
}

fn thing(place: usize) -> Thing {
    let weight = i32::try_from(place).ok().filter(|place| place % 3 != 0);
    Thing {
        name: NAMES[place].to_owned(),
        weight: weight.map(|place| (place - 1) * 100),
    }
}

fn place(token: &str) -> Result<usize, Status> {
    if token.is_empty() {
        return Ok(0);
    }
    let place = token.strip_prefix(TOKEN).and_then(|it| it.parse().ok());
    let place = place.filter(|place| (1..NAMES.len()).contains(place));
    // One spelling only: "from-+5" would be another token for the same page.
    let place = place.filter(|place| token == format!("{TOKEN}{place}"));
    place.ok_or_else(|| {
        let message = "the page token is not one that this method gave";
        failure(Code::InvalidArgument, "PAGE_TOKEN_INVALID", message).into_status()
    })
}

#[tonic::async_trait]
impl ShelfService for Shelf {
    async fn list_things(
        &self,
        request: Request<ListThingsRequest>,
    ) -> Result<Response<ListThingsResponse>, Status> {
        let request = request.into_inner();
        let first = place(&request.page_token)?;
        let size = match usize::try_from(request.page_size) {
            Ok(0) | Err(_) => PAGE_SIZE,
            Ok(size) => size,
        };
        let end = (first + size).min(NAMES.len());
        Ok(Response::new(ListThingsResponse {
            things: (first..end).map(thing).collect(),
            next_page_token: match end == NAMES.len() {
                true => String::new(),
                false => format!("{TOKEN}{end}"),
            },
        }))
    }

    async fn get_thing(
        &self,
        request: Request<GetThingRequest>,
    ) -> Result<Response<GetThingResponse>, Status> {
        let name = request.into_inner().name;
        match NAMES.iter().position(|it| *it == name) {
            Some(place) => Ok(Response::new(GetThingResponse {
                thing: Some(thing(place)),
            })),
            None => {
                let message = format!("no thing has the name {name:?}");
                Err(failure(Code::NotFound, "THING_NOT_FOUND", message).into_status())
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
        // The same UUID in capitals is the same UUID.
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
            return Err(failure(Code::AlreadyExists, "REQUEST_ID_REUSED", message).into_status());
        }
        Ok(Response::new(*response))
    }

    async fn weigh(
        &self,
        request: Request<Streaming<WeighRequest>>,
    ) -> Result<Response<WeighResponse>, Status> {
        streams::weigh(request.into_inner()).await
    }

    type CountStream = Pin<Box<dyn Stream<Item = Result<CountResponse, Status>> + Send>>;

    async fn count(
        &self,
        request: Request<CountRequest>,
    ) -> Result<Response<Self::CountStream>, Status> {
        Ok(streams::count(request.into_inner()))
    }

    type TalkStream = Pin<Box<dyn Stream<Item = Result<TalkResponse, Status>> + Send>>;

    async fn talk(
        &self,
        request: Request<Streaming<TalkRequest>>,
    ) -> Result<Response<Self::TalkStream>, Status> {
        Ok(streams::talk(request.into_inner()))
    }
}
