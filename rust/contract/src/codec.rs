//! The codec of every server, which validates requests: a message that violates a rule
//! of the contract never reaches a handler.

use std::marker::PhantomData;

use prost::Message;
use prost_protovalidate::Validate;
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};
use tonic_prost::{ProstDecoder, ProstEncoder};

use crate::violation_status;

/// Decodes and validates requests, in a stream each message; an invalid one fails the
/// call with INVALID_ARGUMENT. Encodes responses; with debug assertions they are
/// validated too, and an invalid one fails the call with INTERNAL.
#[derive(Debug)]
pub struct ValidatingCodec<Response, Request>(PhantomData<fn() -> (Response, Request)>);

impl<Response, Request> Default for ValidatingCodec<Response, Request> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<Response, Request> Codec for ValidatingCodec<Response, Request>
where
    Response: Message + Validate + Send + 'static,
    Request: Message + Validate + Default + Send + 'static,
{
    type Encode = Response;
    type Decode = Request;
    type Encoder = ValidatingEncoder<Response>;
    type Decoder = ValidatingDecoder<Request>;

    fn encoder(&mut self) -> Self::Encoder {
        ValidatingEncoder(ProstEncoder::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        ValidatingDecoder(ProstDecoder::default())
    }
}

/// Encodes responses; see [`ValidatingCodec`].
#[derive(Debug)]
pub struct ValidatingEncoder<Response>(ProstEncoder<Response>);

impl<Response: Message + Validate> Encoder for ValidatingEncoder<Response> {
    type Item = Response;
    type Error = Status;

    fn encode(&mut self, response: Response, buf: &mut EncodeBuf<'_>) -> Result<(), Status> {
        if cfg!(debug_assertions)
            && let Err(error) = response.validate()
        {
            let message = std::any::type_name::<Response>();
            return Err(Status::internal(format!(
                "the response {message} violates the contract: {error}"
            )));
        }
        self.0.encode(response, buf)
    }
}

/// Decodes and validates requests; see [`ValidatingCodec`].
#[derive(Debug)]
pub struct ValidatingDecoder<Request>(ProstDecoder<Request>);

impl<Request: Message + Validate + Default> Decoder for ValidatingDecoder<Request> {
    type Item = Request;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Request>, Status> {
        let Some(request) = self.0.decode(buf)? else {
            return Ok(None);
        };
        match request.validate() {
            Ok(()) => Ok(Some(request)),
            Err(error) => Err(violation_status(&error)),
        }
    }
}
