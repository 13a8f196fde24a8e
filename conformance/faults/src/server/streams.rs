//! The methods that stream.

use std::pin::Pin;

use futures::{Stream, stream};
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

/// Ends with the first word that is refused: what a stream of tonic yields after
/// an error of its codec is not to be relied upon.
pub(super) fn talk(words: Streaming<TalkRequest>) -> Streamed<TalkResponse> {
    let answers = stream::unfold(Some(words), |words| async {
        let mut words = words?;
        match words.message().await {
            Ok(Some(said)) => {
                let word = said.word.chars().rev().collect();
                Some((Ok(TalkResponse { word }), Some(words)))
            }
            Ok(None) => None,
            Err(refused) => Some((Err(refused), None)),
        }
    });
    Response::new(Box::pin(answers))
}
