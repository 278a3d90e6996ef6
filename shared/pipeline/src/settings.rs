use jiff::{SignedDuration, civil::Date};
use mapping::CoupaDefaults;
use model::{CompanyDb, ObjectKind};
use std::{collections::BTreeSet, time::Duration};

/// The part of the config that the pipeline goes by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whose documents.
    pub company: CompanyDb,
    /// Which of them.
    pub objects: BTreeSet<ObjectKind>,
    /// Documents with an earlier `DocDate` are left alone, unless something that isn't needs them.
    pub start_date: Date,
    /// How far back a payment may be cancelled and still be noticed.
    pub payment_rescan: SignedDuration,
    /// What waits longer becomes a dead letter.
    pub waiting_limit: SignedDuration,
    /// How long one call to Coupa may take.
    pub request_timeout: Duration,
    /// How long after its timeout a call to Coupa may still arrive there.
    pub max_arrival_delay: Duration,
    /// How long a lease is good for work, beside the two above.
    pub working_time: Duration,
    /// How many documents are worked on side by side.
    pub parallel: usize,
    /// What every document in Coupa needs and SAP doesn't have.
    pub defaults: CoupaDefaults,
    /// Reason code for reopening a soft-closed order, where Coupa asks for one.
    pub reopen_reason: Option<String>,
    /// Submitted invoices skip Coupa's approvals.
    pub bypass_approvals: bool,
    /// The code of the integration in Coupa under which failures are told to its people; none tells nobody.
    pub integration: Option<String>,
    /// Fields, by Coupa's names, whose values the audit trail doesn't keep.
    pub personal: BTreeSet<String>,
    /// What becomes of what is no longer in SAP.
    pub when_gone: WhenGone,
    /// What goes from Coupa to SAP.
    pub suppliers: SupplierSettings,
}

/// What becomes of a document of Coupa's that is no longer in SAP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenGone {
    /// It is a dead letter, and a person decides.
    #[default]
    Report,
    /// It stays, and that is recorded.
    Leave,
    /// It is cancelled or voided; a supplier becomes inactive.
    Cancel,
}

/// How suppliers go from Coupa to SAP. By default they don't.
#[derive(Clone, Debug, Default)]
pub struct SupplierSettings {
    /// Suppliers changed in Coupa are brought to SAP.
    pub from_coupa: bool,
    /// Suppliers without a number become business partners.
    pub create_in_sap: bool,
    /// Only those that meet these conditions: attribute and value, in Coupa's words.
    pub filter: Vec<(String, String)>,
    /// The member of business partners that keeps Coupa's id, where SAP has it: a user-defined field.
    pub coupa_id_member: Option<String>,
    /// What else a new business partner gets.
    pub new_partner: mapping::NewPartner,
}

impl SupplierSettings {
    /// What a supplier must meet to be created in SAP.
    pub(crate) fn conditions(&self) -> coupa::Query {
        let active = coupa::Query::new().equals("status", "active");
        self.filter.iter().fold(active, |query, (attribute, value)| query.equals(attribute, value))
    }
}

impl Settings {
    /// A write to Coupa starts only while the lease lasts at least this much longer.
    pub(crate) fn reserve(&self) -> SignedDuration {
        signed(self.request_timeout).saturating_add(signed(self.max_arrival_delay))
    }

    /// After so long, whatever a worker that died held is free again.
    pub fn longest_hold(&self) -> SignedDuration {
        self.visibility().saturating_add(SignedDuration::from_secs(5))
    }

    /// A message stays out of sight for as long as its document's lease can last, and a little longer.
    pub(crate) fn visibility(&self) -> SignedDuration {
        self.lease().saturating_add(SignedDuration::from_secs(5))
    }

    /// For how long a lease is taken.
    pub(crate) fn lease(&self) -> SignedDuration {
        self.reserve().saturating_add(signed(self.working_time))
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
