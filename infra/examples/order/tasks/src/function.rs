//! The functions by name.

/// One Lambda function of the example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Checks the whole order and takes the payment.
    ValidatePayment,
    /// Sets aside what the order asks for, all of it or nothing.
    ReserveInventory,
    /// Asks a person to approve the order.
    RequestApproval,
    /// Writes a mail to the customer.
    SendMail,
    /// Counts the order.
    RecordAnalytics,
    /// Writes the invoice.
    CreateInvoice,
    /// Picks one line of the order.
    PrepareLine,
    /// Hands the parcel over.
    Dispatch,
    /// Puts back what was set aside.
    ReleaseInventory,
    /// Gives the payment back.
    RefundPayment,
}

impl Function {
    /// All of them, in the order in which a doomed order meets them.
    pub const ALL: [Self; 10] = [
        Self::ValidatePayment,
        Self::ReserveInventory,
        Self::RequestApproval,
        Self::SendMail,
        Self::RecordAnalytics,
        Self::CreateInvoice,
        Self::PrepareLine,
        Self::Dispatch,
        Self::ReleaseInventory,
        Self::RefundPayment,
    ];

    /// The function of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }

    /// The Lambda function's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ValidatePayment => "order-validate-payment",
            Self::ReserveInventory => "order-reserve-inventory",
            Self::RequestApproval => "order-request-approval",
            Self::SendMail => "order-send-mail",
            Self::RecordAnalytics => "order-record-analytics",
            Self::CreateInvoice => "order-create-invoice",
            Self::PrepareLine => "order-prepare-line",
            Self::Dispatch => "order-dispatch",
            Self::ReleaseInventory => "order-release-inventory",
            Self::RefundPayment => "order-refund-payment",
        }
    }

    /// What an order's `simulate` calls it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::ValidatePayment => "payment",
            Self::ReserveInventory => "inventory",
            Self::RequestApproval => "approval",
            Self::SendMail => "mail",
            Self::RecordAnalytics => "analytics",
            Self::CreateInvoice => "invoice",
            Self::PrepareLine => "line",
            Self::Dispatch => "dispatch",
            Self::ReleaseInventory => "release",
            Self::RefundPayment => "refund",
        }
    }

    /// The error it fails with for good.
    pub(crate) fn failure_name(self) -> &'static str {
        match self {
            Self::ValidatePayment => "PaymentFailed",
            Self::ReserveInventory => "InventoryFailed",
            Self::RequestApproval => "ApprovalFailed",
            Self::SendMail => "MailFailed",
            Self::RecordAnalytics => "AnalyticsFailed",
            Self::CreateInvoice => "InvoiceFailed",
            Self::PrepareLine => "LineFailed",
            Self::Dispatch => "DispatchFailed",
            Self::ReleaseInventory => "ReleaseFailed",
            Self::RefundPayment => "RefundFailed",
        }
    }
}
