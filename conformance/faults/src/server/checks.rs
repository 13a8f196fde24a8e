//! The `Check*` methods, which only validate their request.

use prost::Message;
use tonic::{Request, Response, Status};

use crate::rules::v1::{
    CheckAddressesRequest, CheckBoolsAndEnumsRequest, CheckBytesFormatsRequest, CheckBytesRequest,
    CheckDoubleRequest, CheckDurationsRequest, CheckFieldExpressionsRequest, CheckFixed32Request,
    CheckFixed64Request, CheckFloatRequest, CheckHeadersRequest, CheckIdentifiersRequest,
    CheckInt32Request, CheckInt64Request, CheckListsRequest, CheckMapsRequest, CheckMasksRequest,
    CheckMessageExpressionsRequest, CheckNamesRequest, CheckNestedRequest, CheckOneOfFieldsRequest,
    CheckOneofsRequest, CheckOptionalRequest, CheckPredefinedRequest, CheckRequiredRequest,
    CheckSfixed32Request, CheckSfixed64Request, CheckSint32Request, CheckSint64Request,
    CheckStringRangesRequest, CheckStringsRequest, CheckTimestampsRequest, CheckUint32Request,
    CheckUint64Request, CheckWrappersRequest, Checked,
    expression_service_server::ExpressionService, number_service_server::NumberService,
    string_service_server::StringService, structure_service_server::StructureService,
};

/// Implements all services that only have `Check*` methods.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checks;

/// Implements a service. The codec has already refused invalid requests.
macro_rules! checks {
    ($service:ident: $($function:ident $method:literal $request:ident,)+) => {
        #[tonic::async_trait]
        impl $service for Checks {
            $(async fn $function(
                &self,
                request: Request<$request>,
            ) -> Result<Response<Checked>, Status> {
                Ok(Response::new(checked($method, &request.into_inner())))
            })+
        }
    };
}

fn checked(method: &str, request: &impl Message) -> Checked {
    Checked {
        size: i64::try_from(request.encoded_len()).unwrap_or(i64::MAX),
        method: method.to_owned(),
    }
}

checks! { NumberService:
    check_int32 "CheckInt32" CheckInt32Request,
    check_int64 "CheckInt64" CheckInt64Request,
    check_uint32 "CheckUint32" CheckUint32Request,
    check_uint64 "CheckUint64" CheckUint64Request,
    check_sint32 "CheckSint32" CheckSint32Request,
    check_sint64 "CheckSint64" CheckSint64Request,
    check_fixed32 "CheckFixed32" CheckFixed32Request,
    check_fixed64 "CheckFixed64" CheckFixed64Request,
    check_sfixed32 "CheckSfixed32" CheckSfixed32Request,
    check_sfixed64 "CheckSfixed64" CheckSfixed64Request,
    check_float "CheckFloat" CheckFloatRequest,
    check_double "CheckDouble" CheckDoubleRequest,
}

checks! { StringService:
    check_strings "CheckStrings" CheckStringsRequest,
    check_string_ranges "CheckStringRanges" CheckStringRangesRequest,
    check_names "CheckNames" CheckNamesRequest,
    check_addresses "CheckAddresses" CheckAddressesRequest,
    check_identifiers "CheckIdentifiers" CheckIdentifiersRequest,
    check_headers "CheckHeaders" CheckHeadersRequest,
    check_bytes "CheckBytes" CheckBytesRequest,
    check_bytes_formats "CheckBytesFormats" CheckBytesFormatsRequest,
}

checks! { StructureService:
    check_bools_and_enums "CheckBoolsAndEnums" CheckBoolsAndEnumsRequest,
    check_lists "CheckLists" CheckListsRequest,
    check_maps "CheckMaps" CheckMapsRequest,
    check_durations "CheckDurations" CheckDurationsRequest,
    check_timestamps "CheckTimestamps" CheckTimestampsRequest,
    check_masks "CheckMasks" CheckMasksRequest,
    check_wrappers "CheckWrappers" CheckWrappersRequest,
    check_required "CheckRequired" CheckRequiredRequest,
    check_optional "CheckOptional" CheckOptionalRequest,
    check_nested "CheckNested" CheckNestedRequest,
    check_oneofs "CheckOneofs" CheckOneofsRequest,
    check_one_of_fields "CheckOneOfFields" CheckOneOfFieldsRequest,
}

checks! { ExpressionService:
    check_field_expressions "CheckFieldExpressions" CheckFieldExpressionsRequest,
    check_message_expressions "CheckMessageExpressions" CheckMessageExpressionsRequest,
    check_predefined "CheckPredefined" CheckPredefinedRequest,
}
