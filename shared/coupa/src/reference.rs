use crate::{Call, Client, Error, Query, decode, documents::from_json, exchange::Ask, find::queries};
use model::CoupaId;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Master data that documents refer to by a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// By code.
    PaymentTerm,
    /// By code.
    Currency,
    /// By code.
    Unit,
    /// By location code.
    Address,
    /// Chart of accounts, by name.
    AccountType,
    /// Why an order is opened again, by code.
    Reason,
    /// By login. Needs a scope of its own, `core.user.read`.
    UserLogin,
    /// By e-mail. Needs a scope of its own, `core.user.read`.
    UserEmail,
}

impl Reference {
    const fn resource(self) -> &'static str {
        match self {
            Self::PaymentTerm => "payment_terms",
            Self::Currency => "currencies",
            Self::Unit => "uoms",
            Self::Address => "addresses",
            Self::AccountType => "account_types",
            Self::Reason => "reason_insights",
            Self::UserLogin | Self::UserEmail => "users",
        }
    }

    const fn attribute(self) -> &'static str {
        match self {
            Self::PaymentTerm | Self::Currency | Self::Unit | Self::Reason => "code",
            Self::Address => "location_code",
            Self::AccountType => "name",
            Self::UserLogin => "login",
            Self::UserEmail => "email",
        }
    }

    /// Reading it takes `core.user.read`, which nothing else of ours needs.
    pub const fn needs_scope_of_its_own(self) -> bool {
        matches!(self, Self::UserLogin | Self::UserEmail)
    }
}

/// A row of any of them.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Row {
    #[serde(deserialize_with = "decode::id")]
    id: CoupaId,
    #[serde(default, deserialize_with = "decode::text")]
    code: Option<String>,
    #[serde(default, alias = "location_code", deserialize_with = "decode::text")]
    location_code: Option<String>,
    #[serde(default, deserialize_with = "decode::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "decode::text")]
    login: Option<String>,
    #[serde(default, deserialize_with = "decode::text")]
    email: Option<String>,
}

impl Row {
    fn value(self, kind: Reference) -> Option<String> {
        match kind {
            Reference::PaymentTerm | Reference::Currency | Reference::Unit | Reference::Reason => self.code,
            Reference::Address => self.location_code,
            Reference::AccountType => self.name,
            Reference::UserLogin => self.login,
            Reference::UserEmail => self.email,
        }
    }
}

/// How sure it is that the OAuth client has a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeCheck {
    /// A read that needs it succeeded.
    Tried,
    /// It can't be tried without writing, but the token names it.
    Granted,
    /// It can't be tried without writing, and the token names scopes without it.
    Missing,
    /// It can't be tried without writing, and the token names no scopes.
    NotSaid,
}

impl Client {
    /// Which of `codes` Coupa knows, exactly as they are spelled.
    pub async fn known(
        &self,
        call: &Call<'_>,
        kind: Reference,
        codes: &[String],
    ) -> Result<BTreeSet<String>, Error> {
        let wanted: BTreeSet<&str> =
            codes.iter().map(String::as_str).filter(|code| !code.is_empty()).collect();
        let fields = format!(r#"["id","{}"]"#, kind.attribute());
        let mut known = BTreeSet::new();
        for query in queries(kind.attribute(), &wanted) {
            // A code is unique, so that one page holds all there is.
            let rows: Vec<Row> =
                self.index(call, kind.resource(), &fields, &query, None, |row: &Row| row.id).await?;
            let values = rows.into_iter().filter_map(|row| row.value(kind));
            known.extend(values.filter(|value| wanted.contains(value.as_str())));
        }
        Ok(known)
    }

    /// Tries a scope with a harmless read. Scopes that only writes need are looked up in what Coupa said when it
    /// gave the token.
    pub async fn try_scope(&self, call: &Call<'_>, scope: &str) -> Result<ScopeCheck, Error> {
        let resource = match scope {
            "core.common.read" => "payment_terms",
            "core.accounting.read" => "account_types",
            "core.supplier.read" => "suppliers",
            "core.purchase_order.read" => "purchase_orders",
            "core.invoice.read" => "invoices",
            "core.user.read" => "users",
            _ => return self.look_up_scope(call, scope).await,
        };
        let query = Query::new().parameter("limit", "1").parameter("fields", r#"["id"]"#);
        let ask = Ask { empty_is_404: true, ..Ask::get(format!("/api/{resource}"), query.into()) };
        let _: Vec<serde::de::IgnoredAny> = self.exchange(call, &ask, from_json).await?;
        Ok(ScopeCheck::Tried)
    }

    async fn look_up_scope(&self, call: &Call<'_>, scope: &str) -> Result<ScopeCheck, Error> {
        let token = self.tokens.get(&self.mint(call.lane)).await?;
        Ok(match token.scopes() {
            None => ScopeCheck::NotSaid,
            Some(scopes) if scopes.split_whitespace().any(|granted| granted == scope) => ScopeCheck::Granted,
            Some(_) => ScopeCheck::Missing,
        })
    }
}
