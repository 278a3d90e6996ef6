//! What goes on beside SAP's people and the workers: which of it a seed has.

use crate::{random::Random, setup::RunOptions};
use pipeline::{Limits, SupplierSettings};

/// The member of business partners that keeps Coupa's id.
const COUPA_ID: &str = "U_CoupaId";
/// The numbering series that new partners are of.
const SERIES: i64 = 71;

/// How a seed's company works with the connector.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn for itself")]
pub struct Ways {
    /// SAP tells what changes.
    pub webhooks: bool,
    /// Suppliers are changed in Coupa too.
    pub both: bool,
    /// Those that are new in Coupa become business partners,
    pub creates: bool,
    /// which keep Coupa's id.
    pub marks: bool,
    /// People plan, compare and have repaired.
    pub operators: bool,
    /// Far more changes than usual are held back, and a day here has few.
    pub guardrail: bool,
    /// Failures are told in Coupa.
    pub alerts: bool,
}

impl Ways {
    /// As the seed says.
    pub fn draw(seed: u64, options: &RunOptions) -> Self {
        if options.plain {
            return Self::default();
        }
        let draw = Random::of(seed, "ways");
        let both = draw.percent(50);
        Self {
            both,
            creates: draw.percent(70) && both,
            marks: draw.percent(70),
            webhooks: draw.percent(60),
            operators: draw.percent(60),
            guardrail: draw.percent(30),
            alerts: draw.percent(30),
        }
    }

    /// How suppliers go.
    pub fn suppliers(&self) -> SupplierSettings {
        let mut settings = SupplierSettings {
            from_coupa: self.both,
            create_in_sap: self.creates,
            coupa_id_member: Some(COUPA_ID.to_owned()),
            ..SupplierSettings::default()
        };
        settings.new_partner.series = Some(SERIES);
        settings
    }

    /// The guardrail's, where there is one.
    pub fn limits(&self) -> Option<Limits> {
        self.guardrail.then_some(Limits { changes: 6, share_percent: 3, cancellations: 2 })
    }
}
