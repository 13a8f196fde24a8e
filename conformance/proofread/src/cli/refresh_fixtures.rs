//! Fetches new fixture values before recorded failures are replayed: the values of the
//! recorded run may be used up, or unknown to a server that was restarted.

use std::collections::BTreeMap;

use anyhow::bail;

use super::{
    fixtures::{self, FetchedValues},
    session::Session,
};
use crate::{
    cases::Fixtures,
    config::Config,
    contract::Method,
    failures::{Failure, Failures},
    finding::Finding,
    replay::ValueReplacements,
};

/// Replaces the recorded fixture values in requests by values that it fetches anew.
pub(super) struct FixtureRefresher<'s> {
    session: &'s Session,
    config: &'s Config,
    recorded: &'s FetchedValues,
    /// Fetched values that no request has used yet, by the path of the method.
    unused: BTreeMap<String, ValueReplacements>,
}

impl<'s> FixtureRefresher<'s> {
    /// Checks that the configuration still names a call for every recorded fixture. No
    /// call is made yet.
    pub(super) fn new(
        session: &'s Session,
        config: &'s Config,
        (recorded, failures): (&'s Failures, &[&Failure]),
    ) -> anyhow::Result<Self> {
        let recorded = &recorded.called;
        for failure in failures
            .iter()
            .filter(|it| it.finding.reproduction.is_some())
        {
            let Some(method) = session.method(&failure.finding.method) else {
                continue;
            };
            let call_fixtures = fixtures::call_fixtures(config, &session.contract, method)?;
            let without_call = fixtures::request_fields(&session.contract, method).find(|field| {
                recorded.contains_key(&field.full_name)
                    && !call_fixtures
                        .iter()
                        .any(|it| it.field.full_name == field.full_name)
            });
            if let Some(field) = without_call {
                bail!(
                    "the failures hold values of {} that a call returned, but the configuration no longer names a call for this field; pass the configuration of the recorded run by --config",
                    field.full_name
                );
            }
        }
        Ok(Self {
            session,
            config,
            recorded,
            unused: BTreeMap::new(),
        })
    }

    /// The request bytes for a failure, with new fixture values. Values that one failure
    /// used are fetched again for the next one: a stale value could make the server
    /// answer NOT_FOUND, and the failure would look fixed.
    pub(super) async fn request_bytes(&mut self, finding: &Finding) -> anyhow::Result<Vec<u8>> {
        let method = self.session.method(&finding.method);
        let has_fixtures = finding.reproduction.is_some() && !self.recorded.is_empty();
        let Some(method) = method.filter(|_| has_fixtures) else {
            return Ok(finding.sent.clone());
        };
        let renewal = match self.unused.remove(&finding.method) {
            Some(renewal) => renewal,
            None => self.fetch(method).await?,
        };
        let request = renewal.apply(method, &finding.sent);
        if request == finding.sent {
            self.unused.insert(finding.method.clone(), renewal);
        }
        Ok(request)
    }

    async fn fetch(&self, method: &Method) -> anyhow::Result<ValueReplacements> {
        let contract = &self.session.contract;
        let client = (&self.session.probe, self.session.timeout);
        let fetched = fixtures::fetch_values(self.config, contract, [method], client).await?;
        let as_fixtures = |fields: &FetchedValues| Fixtures {
            fields: fields.clone(),
        };
        Ok(ValueReplacements::new(
            contract,
            &as_fixtures(self.recorded),
            &as_fixtures(&fetched),
        ))
    }
}
