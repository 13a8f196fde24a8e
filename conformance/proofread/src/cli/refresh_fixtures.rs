//! New values in the place of those that calls answered before the run that recorded a
//! failure.

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
    replay::Renewal,
};

/// Gets the new values.
pub(super) struct FixtureRefresher<'s> {
    session: &'s Session,
    config: &'s Config,
    recorded: &'s FetchedValues,
    /// By methods: what was got and is not used up yet.
    left: BTreeMap<String, Renewal>,
}

impl<'s> FixtureRefresher<'s> {
    /// Nothing is called yet; but it must be known what to call.
    pub(super) fn new(
        session: &'s Session,
        config: &'s Config,
        (recorded, failures): (&'s Failures, &[&Failure]),
    ) -> anyhow::Result<Self> {
        let recorded = &recorded.called;
        for failure in failures.iter().filter(|it| it.finding.again.is_some()) {
            let Some(method) = session.method(&failure.finding.method) else {
                continue;
            };
            let called = fixtures::call_fixtures(config, &session.contract, method)?;
            let lost = fixtures::request_fields(&session.contract, method).find(|field| {
                recorded.contains_key(&field.full_name)
                    && !called
                        .iter()
                        .any(|it| it.field.full_name == field.full_name)
            });
            if let Some(field) = lost {
                bail!(
                    "the failures hold values of {} that a call answered, and the configuration names no call for it any more; give the one of the run by --config",
                    field.full_name
                );
            }
        }
        Ok(Self {
            session,
            config,
            recorded,
            left: BTreeMap::new(),
        })
    }

    /// What is to be sent for a failure. What one failure uses up, the next one gets
    /// anew: it would otherwise look as if it were mended.
    pub(super) async fn sent(&mut self, finding: &Finding) -> anyhow::Result<Vec<u8>> {
        let method = self.session.method(&finding.method);
        let is_sent = finding.again.is_some() && !self.recorded.is_empty();
        let Some(method) = method.filter(|_| is_sent) else {
            return Ok(finding.sent.clone());
        };
        let renewal = match self.left.remove(&finding.method) {
            Some(renewal) => renewal,
            None => self.renewal(method).await?,
        };
        let sent = renewal.apply(method, &finding.sent);
        if sent == finding.sent {
            self.left.insert(finding.method.clone(), renewal);
        }
        Ok(sent)
    }

    async fn renewal(&self, method: &Method) -> anyhow::Result<Renewal> {
        let contract = &self.session.contract;
        let client = (&self.session.probe, self.session.timeout);
        let obtained = fixtures::fetch_values(self.config, contract, [method], client).await?;
        let of = |fields: &FetchedValues| Fixtures {
            fields: fields.clone(),
        };
        Ok(Renewal::new(contract, &of(self.recorded), &of(&obtained)))
    }
}
