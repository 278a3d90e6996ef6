//! Writes to SAP, under the same rule as writes to Coupa: only while the lease outlasts them.

use crate::{
    Pipeline,
    attempt::{MAX_RENEWALS, Work},
};
use model::Sent;
use sap::{ETag, WriteCall};

/// One write to SAP.
#[derive(Clone, Copy)]
pub(crate) enum SapWrite<'a> {
    Create(&'a Sent),
    Patch { code: &'a str, body: &'a Sent, etag: Option<&'a ETag> },
}

impl Pipeline {
    /// Writes to SAP, if and only if the leases last long enough for it when it is sent. Answers the partner's code.
    pub(crate) async fn write_in_sap(
        &self,
        work: &mut Work,
        write: SapWrite<'_>,
    ) -> Result<String, sap::Error> {
        for _ in 0..MAX_RENEWALS {
            self.keep_lease(work).await.map_err(|_| sap::Error::TooLate)?;
            let until = work.lasts_until();
            let may_send = || self.clock.now() + self.settings.reserve() < until;
            let timeout = self.settings.request_timeout;
            let call = WriteCall { may_send: &may_send, sent: &work.sent, timeout };
            let result = match write {
                SapWrite::Create(body) => self.sap.create_partner(&call, body).await,
                SapWrite::Patch { code, body, etag } => {
                    self.sap.patch_partner(&call, code, body, etag).await.map(|()| code.to_owned())
                }
            };
            if !matches!(result, Err(sap::Error::TooLate)) {
                return result;
            }
        }
        Err(sap::Error::TooLate)
    }
}
