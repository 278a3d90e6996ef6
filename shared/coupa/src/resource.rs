use model::Sent;

/// What the product writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// `/api/suppliers`
    Suppliers,
    /// `/api/purchase_orders`
    PurchaseOrders,
    /// `/api/invoices`
    Invoices,
}

impl Resource {
    /// As in the URL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suppliers => "suppliers",
            Self::PurchaseOrders => "purchase_orders",
            Self::Invoices => "invoices",
        }
    }
}

/// What can be done to a document besides writing its attributes.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Issue an order without sending it to the supplier.
    IssueWithoutSend,
    /// Close an order softly. On a closed one it closes hard: never send it twice.
    Close,
    /// Cancel an order.
    Cancel,
    /// Open a softly closed order again. The body holds the reason: `reason-insight-code` and so on.
    Reopen(Sent),
    /// Submit an invoice.
    Submit,
    /// Void an invoice that was approved, pends receipt or is a draft.
    Void,
    /// Abandon an invoice.
    Abandon,
    /// Approve an invoice in everybody's stead.
    BypassApprovals,
}

impl Action {
    /// As in the URL.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::IssueWithoutSend => "issue_without_send",
            Self::Close => "close",
            Self::Cancel => "cancel",
            Self::Reopen(_) => "reopen",
            Self::Submit => "submit",
            Self::Void => "void",
            Self::Abandon => "abandon",
            Self::BypassApprovals => "bypass_approvals",
        }
    }

    /// Only reopening says why.
    pub(crate) const fn body(&self) -> Option<&Sent> {
        match self {
            Self::Reopen(reason) => Some(reason),
            _ => None,
        }
    }
}
