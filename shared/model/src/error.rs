use serde::{Deserialize, Serialize};
use std::fmt;

/// What an error means for the work: the class decides what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Passes by itself: try again, later and later.
    Transient,
    /// Too fast: slow down, honour Retry-After.
    Rate,
    /// Renew the session or token once; then a person must look at the credentials.
    Auth,
    /// What it depends on isn't there yet.
    Waiting,
    /// A person must mend SAP, Coupa or the mapping.
    Data,
    /// Ours.
    Bug,
}

impl ErrorClass {
    /// Trying again without anybody's help can succeed.
    pub const fn heals(self) -> bool {
        matches!(self, Self::Transient | Self::Rate | Self::Auth | Self::Waiting)
    }

    /// As written in log, audit trail and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Rate => "rate",
            Self::Auth => "auth",
            Self::Waiting => "waiting",
            Self::Data => "data",
            Self::Bug => "bug",
        }
    }
}

macro_rules! codes {
    ($($name:ident $number:literal $class:ident $title:literal, $fix:literal;)*) => {
        /// An error code, such as `BC-0201`. Each has a page under `docs/errors/`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $title] #[serde(rename = $number)] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As written everywhere: `BC-0201`.
            pub const fn number(self) -> &'static str { match self { $(Self::$name => $number),* } }
            /// What it means for the work.
            pub const fn class(self) -> ErrorClass { match self { $(Self::$name => ErrorClass::$class),* } }
            /// What happened, in a few words.
            pub const fn title(self) -> &'static str { match self { $(Self::$name => $title),* } }
            /// What to do about it, in one sentence.
            pub const fn fix(self) -> &'static str { match self { $(Self::$name => $fix),* } }
        }
    };
}

codes! {
    SapUnreachable "BC-0101" Transient "The Service Layer did not answer", "Check that the Service Layer runs and that this machine reaches its port; work goes on by itself when it answers.";
    SapLoginRefused "BC-0102" Auth "The Service Layer refused the log-in", "Check user and password with `b1-coupa check`; to keep the user from being locked, no further log-in is tried for a while.";
    SapBadReply "BC-0103" Transient "The Service Layer's reply could not be read", "It is read again by itself; if it stays, look at what stands between here and the Service Layer.";
    SapRefused "BC-0104" Data "The Service Layer refused the request", "Read SAP's own text in the message; often the integration user lacks an authorization.";
    SapDocumentGone "BC-0105" Data "The document is not in SAP", "Check the company database; a document that was never there or was removed has nothing to push.";
    SapBodyTooLarge "BC-0106" Data "The document is larger than the limit", "Split the document in SAP; one of this size can't be read safely.";
    SapFieldUnreadable "BC-0107" Data "A field of the document can't be read", "Mend the named field in SAP, then redrive.";
    CoupaUnreachable "BC-0201" Transient "Coupa did not answer, or answered with its own failure", "Nothing to do while Coupa is down; work goes on by itself.";
    CoupaRateLimited "BC-0202" Rate "Coupa asked us to slow down", "If it stays, lower `requests_per_second`: other integrations draw on the same limit.";
    CoupaTokenRefused "BC-0203" Auth "Coupa refused the client or its token", "Check `client_id` and the client secret with `b1-coupa check`.";
    CoupaScopeMissing "BC-0204" Auth "The OAuth client lacks a scope", "Grant the scope that the message names to the OAuth client in Coupa.";
    CoupaRefused "BC-0205" Data "Coupa refused the document", "Read Coupa's own text in the message and mend the document, the master data or the mapping.";
    CoupaReferenceUnknown "BC-0206" Data "Coupa does not know something the document refers to", "Create the named record in Coupa, or map its code in `mapping.toml`.";
    CoupaReferenceIgnored "BC-0207" Data "Coupa silently ignored a reference", "Coupa left the named field as it was; create the record it refers to, or map its code in `mapping.toml`.";
    CoupaBadReply "BC-0208" Transient "Coupa's reply could not be read", "It is asked again by itself.";
    CoupaOutcomeUnknown "BC-0209" Transient "Nobody knows whether Coupa took the request", "The next attempt asks Coupa before it writes again.";
    CoupaGone "BC-0210" Data "The linked document is no longer in Coupa", "Somebody removed it in Coupa; decide whether it should be there.";
    CoupaStatus "BC-0211" Data "The document's status in Coupa does not allow this", "Look at the document in Coupa; its status is in the message.";
    CoupaBodyTooLarge "BC-0212" Data "Coupa's reply is larger than the limit", "Look at what makes the document so large in Coupa, such as very many lines or payments; it can't be read safely.";
    NumberTooLong "BC-0301" Data "The number is too long for Coupa", "Shorten the number's template under `[numbers]` in `mapping.toml`.";
    CodeNotMapped "BC-0302" Data "A code has no entry in the mapping", "Add the code to the named table in `mapping.toml`.";
    CurrencyUnknown "BC-0303" Data "The currency is no ISO code", "Map SAP's currency to its ISO code under `[currencies]` in `mapping.toml`.";
    TotalsDiffer "BC-0304" Data "The total in Coupa would not be SAP's", "Look at discount, rounding, withholding and down payments of the document, and at `[differences]` in `mapping.toml`.";
    FieldMissing "BC-0305" Data "A field that Coupa needs is empty in SAP", "Fill the named field in SAP, or give a default in the config.";
    NumberClash "BC-0306" Data "Two SAP documents would get the same number", "Make the numbers differ by a template under `[numbers]` in `mapping.toml`, for example with `{Series}`.";
    NotOurs "BC-0307" Data "A document with this number is in Coupa and isn't ours", "Look at both documents; to take it over, set `adopt` to `by_number` for this object in `mapping.toml`.";
    OriginalMissing "BC-0308" Data "The credit note names no original invoice", "Base the credit note on an invoice in SAP, or set `original = \"self\"` under `[credit_notes]` in `mapping.toml`.";
    Waiting "BC-0401" Waiting "Something it depends on isn't in Coupa yet", "Nothing to do: it goes on when the other document has arrived.";
    WaitingForApproval "BC-0402" Waiting "The invoice isn't approved in Coupa yet", "Approve the invoice in Coupa; its payment follows by itself.";
    WaitingForStatus "BC-0403" Waiting "The status in Coupa does not allow this yet", "Nothing to do: it is tried again until the status allows it.";
    HeldBack "BC-0405" Waiting "The guardrail holds it back", "Look at what would change with `b1-coupa sync --once --dry-run`; if it is right, run `b1-coupa guardrail accept`.";
    WaitedTooLong "BC-0404" Data "It waited longer than the limit", "Look at what it waits for; the message names it.";
    GaveUp "BC-0501" Bug "Five attempts never reached an end", "Please report it with the audit trail of this document.";
    Panicked "BC-0502" Bug "The attempt panicked", "Please report it with the audit trail of this document.";
    StoreFailed "BC-0503" Transient "Our own store did not answer", "Check the disk and the database file; work goes on by itself.";
    MessageUnreadable "BC-0504" Data "A message in the queue is no change", "Look who else writes to the queue; delete the message from the dead-letter queue.";
    MessageVersion "BC-0505" Data "A message is of a version that this b1-coupa doesn't know", "Deploy the newer b1-coupa that wrote it, then redrive the dead-letter queue.";
    EventForeign "BC-0506" Data "A function was called with an event that isn't meant for it", "Look at what invokes the function: its schedule, its queue, its route, or the payload that somebody wrote by hand.";
    ObjectUnknown "BC-0507" Data "The event names an object that there is none of", "Write one of suppliers, purchase_orders, invoices, credit_notes or payments.";
    PollStuck "BC-0508" Bug "A poll invoked itself again and again and got nowhere", "Please report it with the log of the poller; the next scheduled poll goes on from the cursor.";
    ComparisonTooLong "BC-0509" Transient "There was no time to compare both sides to the end", "Compare with `b1-coupa reconcile --stack NAME`, which has no limit of time, or give the function more memory; the next night tries again.";
    SigningKeyMissing "BC-0510" Data "There is no key to sign the certificate with", "Add `signing-key` to the stack's secret; `openssl rand -base64 32` makes one.";
    TopicRefused "BC-0511" Transient "The topic did not take a notification", "Read what SNS said in the message; the function `notifier` needs the right to publish to the stack's topic and to use its key.";
    TrailNotSigned "BC-0512" Transient "What expires of the audit trail was not signed", "Read why in the message; a day has three nights before its first attempts expire, and the next night tries again.";
    SapOutcomeUnknown "BC-0601" Transient "Nobody knows whether SAP took the request", "The next attempt reads SAP before it writes again.";
    SapChanged "BC-0602" Transient "The business partner keeps changing in SAP", "Nothing to do: it is tried again with what SAP holds by then.";
    SapIgnored "BC-0603" Data "SAP silently ignored a field", "Look at the named field in SAP; often it is read-only for the integration user or kept by another setting.";
    SupplierNotInSap "BC-0604" Data "The supplier's number in Coupa is no supplier in SAP", "Correct the number in Coupa, or clear it to have a business partner created.";
    SupplierUnclear "BC-0605" Data "It is not clear which business partner a supplier is", "Decide with `b1-coupa suppliers match`, then redrive.";
    SapDraft "BC-0606" Waiting "SAP keeps the new business partner as a draft", "Approve the draft in SAP; the supplier follows by itself.";
    SapMaybeDraft "BC-0607" Data "SAP refused a new business partner, or took it as a draft", "Look among SAP's drafts and check the codes that the message names, then redrive.";
    SupplierNumberDiffers "BC-0608" Data "The linked supplier carries another number in Coupa", "Give it its number back in Coupa, or decide with `b1-coupa suppliers match`.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}

/// Why an attempt did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code} {}: {message}", code.title())]
pub struct Failure {
    /// What kind.
    pub code: Code,
    /// For people, with the values that matter and never a secret.
    pub message: String,
}

impl Failure {
    /// A failure of the given kind.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// What it means for the work.
    pub const fn class(&self) -> ErrorClass {
        self.code.class()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_tried_again_and_what_a_person_must_mend_is_not() {
        use ErrorClass::{Auth, Bug, Data, Rate, Transient, Waiting};
        assert!([Transient, Rate, Auth, Waiting].into_iter().all(ErrorClass::heals));
        assert!(![Data, Bug].into_iter().any(ErrorClass::heals));
    }

    #[test]
    fn a_class_is_called_the_same_in_logs_and_in_json() {
        use ErrorClass::{Auth, Bug, Data, Rate, Transient, Waiting};
        for class in [Transient, Rate, Auth, Waiting, Data, Bug] {
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
        }
    }

    #[test]
    fn a_failure_is_of_its_codes_class_and_says_what_happened() {
        let failure = Failure::new(Code::CoupaRefused, "no such account");
        assert_eq!(failure.class(), ErrorClass::Data);
        assert_eq!(failure.to_string(), "BC-0205 Coupa refused the document: no such account");
        assert_eq!(Code::CoupaRefused.to_string(), "BC-0205");
    }

    #[test]
    fn each_code_says_what_to_do_and_has_a_number_of_its_own() {
        let numbers: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.number()).collect();
        assert_eq!(numbers.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.fix().len() > 20 && code.title().len() > 10, "{code}");
        }
    }
}
