//! The streaming methods of `rules.v1.BehaviourService`.

use std::pin::Pin;

use futures::{Stream, stream};
use tonic::{Response, Status, Streaming};

use crate::rules::v1::{
    CountRequest, CountResponse, ReverseWordsRequest, ReverseWordsResponse, SumWeightsRequest,
    SumWeightsResponse,
};

pub(super) async fn sum_weights(
    mut weights: Streaming<SumWeightsRequest>,
) -> Result<Response<SumWeightsResponse>, Status> {
    let mut sum = SumWeightsResponse::default();
    while let Some(weight) = weights.message().await? {
        sum.count += 1;
        sum.grams += i64::from(weight.grams);
    }
    Ok(Response::new(sum))
}

type StreamResponse<T> = Response<Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>>;

pub(super) fn count(request: CountRequest) -> StreamResponse<CountResponse> {
    let numbers = (1..=request.to).map(|number| Ok(CountResponse { number }));
    Response::new(Box::pin(stream::iter(numbers)))
}

/// Ends the stream at the first refused message: tonic does not define what a stream
/// yields after an error of its codec.
pub(super) fn reverse_words(
    words: Streaming<ReverseWordsRequest>,
) -> StreamResponse<ReverseWordsResponse> {
    let responses = stream::unfold(Some(words), |words| async {
        let mut words = words?;
        match words.message().await {
            Ok(Some(request)) => {
                let word = request.word.chars().rev().collect();
                Some((Ok(ReverseWordsResponse { word }), Some(words)))
            }
            Ok(None) => None,
            Err(refusal) => Some((Err(refusal), None)),
        }
    });
    Response::new(Box::pin(responses))
}
