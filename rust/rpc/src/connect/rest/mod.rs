//! JSON transcoding by the `google.api.http` annotations of the contract: paths of resources for
//! the methods, such as `GET /v1/books/1` for `GetBook`.

mod request;
mod rule;
mod template;

use http::{HeaderValue, Method as HttpMethod};
use prost_reflect::DescriptorPool;

pub(super) use self::request::RestRequest;
use self::rule::Rule;

/// All paths of the annotations.
#[derive(Debug)]
pub(super) struct Routes(Vec<Route>);

#[derive(Debug)]
struct Route {
    /// The path of the method in gRPC.
    method: String,
    rule: Rule,
}

/// What a request may be for.
#[derive(Debug)]
pub(super) enum Found {
    /// It calls a method.
    Call(RestCall),
    /// Its path has other HTTP methods: the value of the header `Allow`.
    OtherMethods(HeaderValue),
    Nothing,
}

/// A request by an annotation.
#[derive(Debug, Clone)]
pub(super) struct RestCall {
    /// The path of the method in gRPC.
    pub method: String,
    pub request: RestRequest,
    /// The field of the response that is the whole answer.
    pub response_field: Option<String>,
    /// Whether the request needs a body.
    pub has_body: bool,
}

impl Routes {
    /// Reads the annotations of all unary methods.
    pub(super) fn of(pool: &DescriptorPool) -> Self {
        let mut routes = Vec::new();
        for service in pool.services() {
            for method in service.methods() {
                if method.is_client_streaming() || method.is_server_streaming() {
                    continue;
                }
                let path = format!("/{}/{}", service.full_name(), method.name());
                let rules = rule::of_method(pool, &method).into_iter();
                routes.extend(rules.map(|rule| Route {
                    method: path.clone(),
                    rule,
                }));
            }
        }
        // `/v1/{name}` would match the verb as a part of the name.
        routes.sort_by_key(|route| !route.rule.template.has_verb());
        Self(routes)
    }

    /// Finds the method of a request.
    pub(super) fn find(&self, http_method: &HttpMethod, path: &str, query: &str) -> Found {
        let mut others = Vec::new();
        for Route { method, rule } in &self.0 {
            let Some(captured) = rule.template.matches(path) else {
                continue;
            };
            if rule.http_method == http_method {
                return Found::Call(RestCall {
                    method: method.clone(),
                    request: RestRequest::new(rule, captured, query),
                    response_field: rule.response_field.clone(),
                    has_body: rule.body != rule::RuleBody::Empty,
                });
            }
            if !others.contains(&rule.http_method.as_str()) {
                others.push(rule.http_method.as_str());
            }
        }
        match HeaderValue::try_from(others.join(", ")) {
            Ok(allowed) if !others.is_empty() => Found::OtherMethods(allowed),
            _ => Found::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::connect::messages::Messages;

    fn find(method: &HttpMethod, path: &str, query: &str) -> Found {
        let messages = Messages::new(&[]);
        messages.routes().find(method, path, query)
    }

    fn request(method: &HttpMethod, path: &str, query: &str, body: &str) -> Result<String, String> {
        let messages = Messages::new(&[]);
        let Found::Call(call) = messages.routes().find(method, path, query) else {
            return Err("not found".to_owned());
        };
        let message = &messages.method(&call.method).expect("it exists").input;
        let json = call.request.to_json(message, body.as_bytes());
        json.map(|json| json.to_string())
            .map_err(|status| status.message().to_owned())
    }

    #[test]
    fn every_annotation_has_a_path_and_variables_that_exist() {
        let messages = Messages::new(&[]);
        let routes = &messages.routes().0;
        assert!(routes.len() > 50, "{}", routes.len());
        for Route { method, rule } in routes {
            let input = &messages.method(method).expect("it exists").input;
            for variable in rule.template.variables() {
                assert!(input.get_field_by_name(variable).is_some(), "{method}");
            }
            let reads = messages.method(method).expect("it exists").no_side_effects;
            assert_eq!(rule.http_method == HttpMethod::GET, reads, "{method}");
        }
    }

    #[test]
    fn fields_come_from_path_query_and_body() {
        let get = |path, query| request(&HttpMethod::GET, path, query, "");
        let book = get("/v1/books/7", "");
        assert_eq!(book, Ok(json!({"bookId": "7"}).to_string()));
        let list = get("/v1/books", "category=1&page_size=2&pageToken=a+b%26");
        let expected = json!({"category": 1, "pageSize": "2", "pageToken": "a b&"});
        assert_eq!(list, Ok(expected.to_string()));
        let batch = get("/v1/books:batchGet", "bookIds=1&book_ids=2");
        assert_eq!(batch, Ok(json!({"bookIds": ["1", "2"]}).to_string()));
        let search = get("/v1/books:search", "query=x&withFacets=true");
        assert_eq!(
            search,
            Ok(json!({"query": "x", "withFacets": true}).to_string())
        );
        let stock = request(
            &HttpMethod::PUT,
            "/v1/books/7/stock",
            "",
            r#"{"book_id": 1, "onHand": 0}"#,
        );
        assert_eq!(stock, Ok(json!({"bookId": "7", "onHand": 0}).to_string()));
    }

    #[test]
    fn query_or_body_that_does_not_fit_is_refused() {
        for (method, path, query, body, expected) in [
            (
                HttpMethod::GET,
                "/v1/books",
                "size=2",
                "",
                "has no field \"size\"",
            ),
            (
                HttpMethod::GET,
                "/v1/books",
                "page_size=2&pageSize=3",
                "",
                "more than one value",
            ),
            (
                HttpMethod::GET,
                "/v1/books",
                "page_size.a=2",
                "",
                "has no field",
            ),
            (
                HttpMethod::GET,
                "/v1/books",
                "page_token=%FF",
                "",
                "not UTF-8",
            ),
            (HttpMethod::GET, "/v1/books/7", "bookId=8", "", ""),
            (HttpMethod::GET, "/v1/books", "", "{}", "has no body"),
            (
                HttpMethod::POST,
                "/v1/sessions",
                "",
                "[]",
                "not a JSON object",
            ),
            (HttpMethod::POST, "/v1/sessions", "", "{", "cannot be read"),
            (
                HttpMethod::POST,
                "/v1/sessions",
                "email=a",
                "{}",
                "in the body",
            ),
        ] {
            let made = request(&method, path, query, body);
            match made {
                Ok(json) => assert_eq!((expected, json.as_str()), ("", r#"{"bookId":"7"}"#)),
                Err(error) => assert!(error.contains(expected), "{path}?{query}: {error}"),
            }
        }
    }

    #[test]
    fn path_has_only_the_methods_of_its_annotations() {
        let Found::OtherMethods(allowed) = find(&HttpMethod::POST, "/v1/cart", "") else {
            panic!("there are others");
        };
        assert_eq!(allowed, "GET, DELETE");
        assert!(matches!(
            find(&HttpMethod::GET, "/v2/cart", ""),
            Found::Nothing
        ));
    }
}
