//! The methods that stream.

use std::pin::Pin;

use futures::{Stream, StreamExt, stream};
use tonic::{Response, Status, Streaming};

use crate::rules::v1::{
    CountRequest, CountResponse, TalkRequest, TalkResponse, WeighRequest, WeighResponse,
};

pub(super) async fn weigh(
    mut things: Streaming<WeighRequest>,
) -> Result<Response<WeighResponse>, Status> {
    let mut sum = WeighResponse::default();
    while let Some(thing) = things.message().await? {
        sum.things += 1;
        sum.grams += i64::from(thing.grams);
    }
    Ok(Response::new(sum))
}

type Streamed<T> = Response<Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>>;

pub(super) fn count(request: CountRequest) -> Streamed<CountResponse> {
    let numbers = (1..=request.to).map(|number| Ok(CountResponse { number }));
    Response::new(Box::pin(stream::iter(numbers)))
}

pub(super) fn talk(words: Streaming<TalkRequest>) -> Streamed<TalkResponse> {
    let answers = words.map(|said| {
        said.map(|said| TalkResponse {
            word: said.word.chars().rev().collect(),
        })
    });
    Response::new(Box::pin(answers))
}
